# redmine-seed.rb - what doc/helpdesks/redmine.md has an admin click; prints the API keys of headgate and of Ben
Setting.rest_api_enabled = '1'
Setting.login_required = '0'

def user(login, first, last)
  User.new(:firstname => first, :lastname => last, :mail => "#{login}@example.test", :language => 'en',
           :mail_notification => 'none', :status => User::STATUS_ACTIVE).tap do |made|
    made.login = login
    made.password = made.password_confirmation = "#{login}-of-tests"
    made.save!
    Token.where(:user_id => made.id, :action => 'api').delete_all
    Token.create!(:user => made, :action => 'api')
  end
end

gateway = Role.create!(:name => 'headgate', :issues_visibility => 'all', :permissions =>
  [:view_issues, :add_issues, :edit_issues, :add_issue_notes, :view_private_notes, :set_notes_private])
project = Project.create!(:name => 'Support', :identifier => 'support', :is_public => true,
                          :enabled_module_names => ['issue_tracking'], :trackers => Tracker.all)
agents = Role.find_by!(:name => 'Developer')
agents.update!(:permissions => agents.permissions | [:view_private_notes, :set_notes_private, :edit_issues])
Member.create!(:project => project, :principal => user('headgate', 'Head', 'Gate'), :roles => [gateway])
Member.create!(:project => project, :principal => user('ben', 'Ben', 'Agent'), :roles => [agents])
Tracker.all.each do |tracker|
  IssueStatus.all.to_a.product(IssueStatus.all.to_a).each do |from, to|
    next if from == to
    WorkflowTransition.create!(:role => gateway, :tracker => tracker, :old_status => from, :new_status => to)
  end
end

ours = { :field_format => 'string', :is_for_all => true, :trackers => Tracker.all, :editable => true, :visible => false, :roles => [gateway] }
IssueCustomField.create!(ours.merge(:name => 'headgate', :is_filter => true, :searchable => true))
IssueCustomField.create!(ours.merge(:name => 'headgate message'))
puts Token.where(:action => 'api').order(:user_id).map(&:value).join(' ')

# headgate.pl - what Request Tracker 5 has to know of headgate: where our ids stand, and whom to tell of agents' doings
#
#	rt-setup-database-5 --action insert --skip-create --datafile headgate.pl     (once: a second time makes them twice)
#
# (rt-setup-database where RT is not Debian's), and in RT_SiteConfig.d/60-headgate.pm:
#
#	Set($HeadgateHook, 'https://chat.example.com/backend/desk/hook');     # "desk": the backend's name at headgate
#	Set($HeadgateSecret, 'whsec_...');                                    # its webhook_secret
#	Set($HeadgateUser, 'headgate');                                       # whose token it has; what he does is not told
#
# The format is that of RT's initialdata (RT 5 documentation, "initialdata").
use utf8;

@CustomFields = (
	{ Name => 'headgate', Type => 'FreeformSingle', LookupType => 'RT::Queue-RT::Ticket',
	  Description => "headgate's id of the ticket: by it none is made twice" },
);

# Of tickets that headgate has made.  Signed after Standard Webhooks 1.0.0; what cannot be delivered is logged and lost:
# headgate's poll finds it.
@Scrips = (
	{ Queue => 0, Stage => 'TransactionCreate', Description => 'Tell headgate', Template => 'Blank',
	  ScripCondition => 'User Defined', ScripAction => 'User Defined',
	  CustomIsApplicableCode => <<'CODE',
my $transaction = $self->TransactionObj;
return 0 if !RT->Config->Get('HeadgateHook')
	|| $transaction->CreatorObj->Name eq (RT->Config->Get('HeadgateUser') || 'headgate')
	|| !length($self->TicketObj->FirstCustomFieldValue('headgate') // '');
my $type = $transaction->Type;
my $field = $transaction->Field || '';
return $type =~ /^(?:Correspond|Comment|Status)$/ || ($type eq 'Set' && $field eq 'Owner')
	|| ($type eq 'AddLink' && $field eq 'MergedInto' && $transaction->NewValue !~ m{/ticket/\Q@{[$transaction->ObjectId]}\E\z});
CODE
	  CustomPrepareCode => 'return 1;',
	  CustomCommitCode => <<'CODE',
require LWP::UserAgent;
require JSON;
require Digest::SHA;
require MIME::Base64;
my $transaction = $self->TransactionObj;
my $ticket = $self->TicketObj;
my $type = $transaction->Type;
my %said = (
	id => $transaction->Id . '', ticket => $transaction->ObjectId . '', type => $type, at => $transaction->CreatedObj->W3CDTF,
	field => $transaction->Field, creator => $transaction->CreatorObj->Name,
	agent => $transaction->CreatorObj->RealName || $transaction->CreatorObj->Name,
	external_id => $ticket->FirstCustomFieldValue('headgate'),
);
if ($type eq 'Correspond' || $type eq 'Comment') {
	$said{text} = $transaction->Content(Type => 'text/plain');
	my $attachments = $transaction->Attachments;
	while (my $attachment = $attachments->Next) {
		next if !length($attachment->Filename // '');
		push @{ $said{files} }, { id => $attachment->Id . '', name => $attachment->Filename,
			type => $attachment->ContentType, size => $attachment->ContentLength + 0 };
	}
}
elsif ($type eq 'Status') {
	$said{status} = $transaction->NewValue;
}
elsif ($type eq 'AddLink') {
	($said{into}) = $transaction->NewValue =~ m{/ticket/(\d+)\z};
}
else {
	my $owner = RT::User->new(RT->SystemUser);
	$owner->Load($transaction->NewValue);
	$said{owner} = $owner->Id == RT->Nobody->Id ? '' : $owner->EmailAddress || $owner->Name;
}
my $body = JSON->new->utf8->canonical->encode(\%said);
my ($id, $now) = ("rt-$said{id}", time);
my $key = RT->Config->Get('HeadgateSecret') || '';
$key =~ s/^whsec_//;
my $signature = Digest::SHA::hmac_sha256_base64("$id.$now.$body", MIME::Base64::decode_base64($key));
$signature .= '=' while length($signature) % 4;
my $answer = LWP::UserAgent->new(timeout => 5)->post(RT->Config->Get('HeadgateHook'),
	'Content-Type' => 'application/json', 'webhook-id' => $id, 'webhook-timestamp' => $now,
	'webhook-signature' => "v1,$signature", Content => $body);
RT->Logger->error("headgate: " . $answer->status_line) if !$answer->is_success;
return 1;
CODE
	},
);
1;

# rt-seed.pl - who works in the Request Tracker of the tests
@Queues = ( { Name => 'Support', CorrespondAddress => 'rt@example.test', CommentAddress => 'rt-comment@example.test' } );
@Users = (
	{ Name => 'headgate', RealName => 'headgate', EmailAddress => 'headgate@example.test', Password => 'gateway-of-tests', Privileged => 1 },
	{ Name => 'ben', RealName => 'Ben Agent', EmailAddress => 'ben@example.test', Password => 'agent-of-tests', Privileged => 1 },
);
@ACL = map { { GroupDomain => 'SystemInternal', GroupType => 'Privileged', Right => $_ } }
	qw(SeeQueue ShowTicket CreateTicket ReplyToTicket CommentOnTicket ModifyTicket OwnTicket TakeTicket ShowTicketComments
	   SeeCustomField ModifyCustomField SetInitialCustomField);
1;

# Where and whom: the tests say so by the environment.
Set($WebPath, '');
Set($WebDomain, '127.0.0.1');
Set($WebPort, $ENV{RT_PORT} || 8085);
Set($WebBaseURL, 'http://127.0.0.1:' . ($ENV{RT_PORT} || 8085));
Set($WebURL, 'http://127.0.0.1:' . ($ENV{RT_PORT} || 8085) . '/');
Set($CanonicalizeRedirectURLs, 0);
Set($LogToSyslog, undef);
Set($LogToSTDERR, 'info');
Set($MailCommand, 'testfile');	# nothing leaves
Set($HeadgateHook, $ENV{RT_HOOK});
Set($HeadgateSecret, $ENV{RT_SECRET});
Set($HeadgateUser, 'headgate');
1;

# rt-token.pl - prints a new token of the user headgate, as "Auth Tokens" of his preferences would
use strict;
use warnings;
use lib '/usr/share/request-tracker5/lib';
use RT -init;

my $user = RT::User->new(RT->SystemUser);
$user->Load('headgate');
my $token = RT::AuthToken->new(RT->SystemUser);
my ($ok, $said, $text) = $token->Create(Owner => $user->Id, Description => 'tests');
die $said if !$ok;
print $text, "\n";

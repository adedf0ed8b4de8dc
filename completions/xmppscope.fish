# Print an optspec for argparse to handle cmd's options that are independent of any subcommand.
function __fish_xmppscope_global_optspecs
    string join \n h/help V/version
end

function __fish_xmppscope_needs_command
    # Figure out if the current invocation already has a command.
    set -l cmd (commandline -opc)
    set -e cmd[1]
    argparse -s (__fish_xmppscope_global_optspecs) -- $cmd 2>/dev/null
    or return
    if set -q argv[1]
        # Also print the command, so this can be used to figure out what it is.
        echo $argv[1]
        return 1
    end
    return 0
end

function __fish_xmppscope_using_subcommand
    set -l cmd (__fish_xmppscope_needs_command)
    test -z "$cmd"
    and return 1
    contains -- $cmd[1] $argv
end

complete -c xmppscope -n "__fish_xmppscope_needs_command" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c xmppscope -n "__fish_xmppscope_needs_command" -s V -l version -d 'Print version'
complete -c xmppscope -n "__fish_xmppscope_needs_command" -f -a "check" -d 'Check scenario files for mistakes, without running them'
complete -c xmppscope -n "__fish_xmppscope_needs_command" -f -a "client" -d 'Test a client'
complete -c xmppscope -n "__fish_xmppscope_needs_command" -f -a "cm" -d 'Run a strict XMPP server for BOSH, WebSocket and TCP'
complete -c xmppscope -n "__fish_xmppscope_needs_command" -f -a "convert" -d 'Convert a recording: to a capture, a HAR, or a curl command'
complete -c xmppscope -n "__fish_xmppscope_needs_command" -f -a "demo" -d 'Watch a ten-second demo, with no client or server of your own'
complete -c xmppscope -n "__fish_xmppscope_needs_command" -f -a "diff" -d 'Compare two captures, transcripts or snapshots'
complete -c xmppscope -n "__fish_xmppscope_needs_command" -f -a "doctor" -d 'Find out why a client does not connect, and what to change'
complete -c xmppscope -n "__fish_xmppscope_needs_command" -f -a "generate" -d 'Generate man pages, completions, the JSON Schema of scenarios, and more'
complete -c xmppscope -n "__fish_xmppscope_needs_command" -f -a "prove" -d 'Test the scenarios themselves: mutation testing with known defects'
complete -c xmppscope -n "__fish_xmppscope_needs_command" -f -a "proxy" -d 'Show the traffic between an XMPP client and its server: BOSH, WebSocket or TCP'
complete -c xmppscope -n "__fish_xmppscope_needs_command" -f -a "record" -d 'Turn a recording into a scenario that `xmppscope run` repeats'
complete -c xmppscope -n "__fish_xmppscope_needs_command" -f -a "replay" -d 'Replay what the clients of a recording sent, and compare the responses'
complete -c xmppscope -n "__fish_xmppscope_needs_command" -f -a "report" -d 'Turn a recording, or a run of scenarios, into an HTML page'
complete -c xmppscope -n "__fish_xmppscope_needs_command" -f -a "run" -d 'Test a server with scenarios'
complete -c xmppscope -n "__fish_xmppscope_needs_command" -f -a "scenarios" -d 'List the built-in scenarios, or write them to files'
complete -c xmppscope -n "__fish_xmppscope_needs_command" -f -a "show" -d 'Print a capture, or a HAR, log or other file that holds traffic'
complete -c xmppscope -n "__fish_xmppscope_needs_command" -f -a "shrink" -d 'Find the shortest scenario that still shows a finding'
complete -c xmppscope -n "__fish_xmppscope_needs_command" -f -a "snapshot" -d 'Review, accept or reject pending snapshots of conversations'
complete -c xmppscope -n "__fish_xmppscope_needs_command" -f -a "spec" -d 'List the requirements of the specifications, and what checks them'
complete -c xmppscope -n "__fish_xmppscope_needs_command" -f -a "help" -d 'Print this message or the help of the given subcommand(s)'
complete -c xmppscope -n "__fish_xmppscope_using_subcommand check" -l color -d 'When to use colours' -r -f -a "auto\t'On a terminal, unless NO_COLOR is set'
always\t'Always'
never\t'Never'"
complete -c xmppscope -n "__fish_xmppscope_using_subcommand check" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c xmppscope -n "__fish_xmppscope_using_subcommand client; and not __fish_seen_subcommand_from run prove help" -s h -l help -d 'Print help'
complete -c xmppscope -n "__fish_xmppscope_using_subcommand client; and not __fish_seen_subcommand_from run prove help" -f -a "run" -d 'Test a client with scenarios'
complete -c xmppscope -n "__fish_xmppscope_using_subcommand client; and not __fish_seen_subcommand_from run prove help" -f -a "prove" -d 'Test the scenarios for clients: mutation testing with known defects'
complete -c xmppscope -n "__fish_xmppscope_using_subcommand client; and not __fish_seen_subcommand_from run prove help" -f -a "help" -d 'Print this message or the help of the given subcommand(s)'
complete -c xmppscope -n "__fish_xmppscope_using_subcommand client; and __fish_seen_subcommand_from run" -l page -d 'Page of a client for browsers; COMMAND opens {page}, or you do' -r -F
complete -c xmppscope -n "__fish_xmppscope_using_subcommand client; and __fish_seen_subcommand_from run" -l listen -d 'Address to listen on, one scenario at a time [default: a free port of 127.0.0.1 for each scenario]' -r
complete -c xmppscope -n "__fish_xmppscope_using_subcommand client; and __fish_seen_subcommand_from run" -l ca-dir -d 'Keep the CA that signs the server\'s certificates in DIR (ca.pem, ca-key.pem; generated if missing) [default: a new one for each run]' -r -F
complete -c xmppscope -n "__fish_xmppscope_using_subcommand client; and __fish_seen_subcommand_from run" -l name -d 'Name of the client, for reports [default: the program of COMMAND]' -r
complete -c xmppscope -n "__fish_xmppscope_using_subcommand client; and __fish_seen_subcommand_from run" -l only -d 'Run only the scenarios that match EXPR: words from the path, name or requirement, combined with and, or, not' -r
complete -c xmppscope -n "__fish_xmppscope_using_subcommand client; and __fish_seen_subcommand_from run" -l carrier -d 'Run only scenarios over BOSH, WebSocket or TCP; repeatable' -r -f -a "bosh\t''
websocket\t''
tcp\t''"
complete -c xmppscope -n "__fish_xmppscope_using_subcommand client; and __fish_seen_subcommand_from run" -l jobs -d 'Scenarios to run in parallel' -r
complete -c xmppscope -n "__fish_xmppscope_using_subcommand client; and __fish_seen_subcommand_from run" -l confirm -d 'Run a failed scenario again by itself, this many times; one that does not fail each time is unsteady' -r
complete -c xmppscope -n "__fish_xmppscope_using_subcommand client; and __fish_seen_subcommand_from run" -l patience -d 'Multiply all time limits by N, for a slow client or machine' -r
complete -c xmppscope -n "__fish_xmppscope_using_subcommand client; and __fish_seen_subcommand_from run" -l show -d 'Print the traffic of these scenarios' -r -f -a "failed\t'Failed scenarios and warnings, only the relevant part'
all\t'All scenarios'
none\t'No scenarios'"
complete -c xmppscope -n "__fish_xmppscope_using_subcommand client; and __fish_seen_subcommand_from run" -l write -d 'Write a capture of each scenario to this folder, and all outcomes to outcomes.ndjson in it' -r -F
complete -c xmppscope -n "__fish_xmppscope_using_subcommand client; and __fish_seen_subcommand_from run" -l format -d 'Output format; repeatable [default: pretty]' -r -f -a "pretty\t'Text for people'
json\t'One JSON object per line, for programs'
junit\t'JUnit XML, for CI systems'
tap\t'Test Anything Protocol 14'
github\t'Annotations for GitHub Actions'
markdown\t'Tables, for the summary of a CI job'"
complete -c xmppscope -n "__fish_xmppscope_using_subcommand client; and __fish_seen_subcommand_from run" -s o -l output -d 'Output file of a format: the first --output is for the first --format, and so on' -r -F
complete -c xmppscope -n "__fish_xmppscope_using_subcommand client; and __fish_seen_subcommand_from run" -l color -d 'When to use colours' -r -f -a "auto\t'On a terminal, unless NO_COLOR is set'
always\t'Always'
never\t'Never'"
complete -c xmppscope -n "__fish_xmppscope_using_subcommand client; and __fish_seen_subcommand_from run" -l built-in -d 'Test the client that is part of xmppscope, which speaks BOSH, WebSocket and TCP'
complete -c xmppscope -n "__fish_xmppscope_using_subcommand client; and __fish_seen_subcommand_from run" -l tls -d 'Use TLS where the scenario does not say otherwise: https, wss, and STARTTLS over TCP'
complete -c xmppscope -n "__fish_xmppscope_using_subcommand client; and __fish_seen_subcommand_from run" -l strict -d 'Also fail on violated recommendations (SHOULD)'
complete -c xmppscope -n "__fish_xmppscope_using_subcommand client; and __fish_seen_subcommand_from run" -l list -d 'List the scenarios that would run, and exit'
complete -c xmppscope -n "__fish_xmppscope_using_subcommand client; and __fish_seen_subcommand_from run" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c xmppscope -n "__fish_xmppscope_using_subcommand client; and __fish_seen_subcommand_from prove" -l defect -d 'Use only this defect; repeatable [default: all]' -r
complete -c xmppscope -n "__fish_xmppscope_using_subcommand client; and __fish_seen_subcommand_from prove" -l jobs -d 'Scenarios to run in parallel' -r
complete -c xmppscope -n "__fish_xmppscope_using_subcommand client; and __fish_seen_subcommand_from prove" -l color -d 'When to use colours' -r -f -a "auto\t'On a terminal, unless NO_COLOR is set'
always\t'Always'
never\t'Never'"
complete -c xmppscope -n "__fish_xmppscope_using_subcommand client; and __fish_seen_subcommand_from prove" -l table -d 'Also print which scenarios catch each defect'
complete -c xmppscope -n "__fish_xmppscope_using_subcommand client; and __fish_seen_subcommand_from prove" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c xmppscope -n "__fish_xmppscope_using_subcommand client; and __fish_seen_subcommand_from help" -f -a "run" -d 'Test a client with scenarios'
complete -c xmppscope -n "__fish_xmppscope_using_subcommand client; and __fish_seen_subcommand_from help" -f -a "prove" -d 'Test the scenarios for clients: mutation testing with known defects'
complete -c xmppscope -n "__fish_xmppscope_using_subcommand client; and __fish_seen_subcommand_from help" -f -a "help" -d 'Print this message or the help of the given subcommand(s)'
complete -c xmppscope -n "__fish_xmppscope_using_subcommand cm" -l listen -d 'Address to listen on; port 0 picks a free port' -r
complete -c xmppscope -n "__fish_xmppscope_using_subcommand cm" -l domain -d 'XMPP domain to serve; repeatable [default: localhost]' -r
complete -c xmppscope -n "__fish_xmppscope_using_subcommand cm" -l account -d 'Account to create in every domain; repeatable [default: alice and bob]' -r
complete -c xmppscope -n "__fish_xmppscope_using_subcommand cm" -l defect -d 'Break a requirement on purpose; repeatable' -r
complete -c xmppscope -n "__fish_xmppscope_using_subcommand cm" -l replay -d 'Play the server of a recording instead, to reproduce a client\'s problem' -r -F
complete -c xmppscope -n "__fish_xmppscope_using_subcommand cm" -l session -d 'With --replay: only the session whose name or sid begins with NAME [default: all, in order]' -r
complete -c xmppscope -n "__fish_xmppscope_using_subcommand cm" -l write -d 'Also write the traffic to FILE, for `xmppscope show`' -r -F
complete -c xmppscope -n "__fish_xmppscope_using_subcommand cm" -l upstream -d 'Use the XMPP server at this address instead of the built-in one' -r
complete -c xmppscope -n "__fish_xmppscope_using_subcommand cm" -l ca-file -d 'Trust only the certificates in this PEM file, of CAs or the server\'s own' -r -F
complete -c xmppscope -n "__fish_xmppscope_using_subcommand cm" -l tcp -d 'Address to listen on for XMPP over TCP; port 0 picks a free port' -r
complete -c xmppscope -n "__fish_xmppscope_using_subcommand cm" -l direct-tls -d 'Address to listen on for XMPP over TCP with TLS from the first byte (XEP-0368)' -r
complete -c xmppscope -n "__fish_xmppscope_using_subcommand cm" -l tls-dir -d 'Use TLS on the --tcp and --direct-tls ports, with cert.pem and key.pem in DIR, which are generated if missing' -r -F
complete -c xmppscope -n "__fish_xmppscope_using_subcommand cm" -l resumption -d 'Time that a stream waits to be resumed when its connection is lost, in seconds; 0 disables resumption' -r
complete -c xmppscope -n "__fish_xmppscope_using_subcommand cm" -l login -d 'Time from the connection to the login, in seconds' -r
complete -c xmppscope -n "__fish_xmppscope_using_subcommand cm" -l ping -d 'Time without traffic to a client after which it is pinged, in seconds; 0 disables pings' -r
complete -c xmppscope -n "__fish_xmppscope_using_subcommand cm" -l idle -d 'Time without traffic from a client after which its connection counts as lost, in seconds; 0 for never' -r
complete -c xmppscope -n "__fish_xmppscope_using_subcommand cm" -l wait -d 'Longest time to hold a request, in seconds' -r
complete -c xmppscope -n "__fish_xmppscope_using_subcommand cm" -l hold -d 'Maximum number of requests held at once' -r
complete -c xmppscope -n "__fish_xmppscope_using_subcommand cm" -l requests -d 'Maximum number of open requests per session, at least hold + 1 [default: hold + 1]' -r
complete -c xmppscope -n "__fish_xmppscope_using_subcommand cm" -l inactivity -d 'Time without an open request after which a session ends, in seconds' -r
complete -c xmppscope -n "__fish_xmppscope_using_subcommand cm" -l polling -d 'Shortest time between two empty requests of a polling client, in seconds' -r
complete -c xmppscope -n "__fish_xmppscope_using_subcommand cm" -l maxpause -d 'Longest pause that a client may request, in seconds; 0 disables pauses' -r
complete -c xmppscope -n "__fish_xmppscope_using_subcommand cm" -l max-sessions -d 'Maximum number of sessions; further ones are refused with HTTP 503' -r
complete -c xmppscope -n "__fish_xmppscope_using_subcommand cm" -l max-sessions-per-address -d 'Maximum number of sessions per client address; further ones are refused with policy-violation' -r
complete -c xmppscope -n "__fish_xmppscope_using_subcommand cm" -l max-body -d 'Maximum size of a request; larger ones are refused with HTTP 413' -r
complete -c xmppscope -n "__fish_xmppscope_using_subcommand cm" -l max-waiting -d 'Maximum number of stanzas queued for a client; more end its session with policy-violation' -r
complete -c xmppscope -n "__fish_xmppscope_using_subcommand cm" -l max-queued -d 'Maximum size of what is queued for all clients together; more ends the session that holds the most' -r
complete -c xmppscope -n "__fish_xmppscope_using_subcommand cm" -l fault -d 'Inject a fault; repeatable' -r
complete -c xmppscope -n "__fish_xmppscope_using_subcommand cm" -l fault-file -d 'Read further faults from a YAML list, now and at each SIGHUP' -r -F
complete -c xmppscope -n "__fish_xmppscope_using_subcommand cm" -l control -d 'Unix socket on which to accept commands: `faults`, `fault add WHEN: WHAT`, `fault clear`' -r -F
complete -c xmppscope -n "__fish_xmppscope_using_subcommand cm" -l filter -d 'Print only what matches, for example \'kind:message or finding\'' -r
complete -c xmppscope -n "__fish_xmppscope_using_subcommand cm" -l format -d 'Output format' -r -f -a "pretty\t'One line for each message and stanza, followed by the XML'
compact\t'Like pretty, without the XML'
json\t'One JSON object per line, for programs; see docs/reference/json.md'
transcript\t'Only what stays the same from run to run, by session, printed at the end; see docs/reference/transcript.md'"
complete -c xmppscope -n "__fish_xmppscope_using_subcommand cm" -l settings -d 'Settings file, which lists what varies from run to run [default: xmppscope.yaml, if it exists]' -r -F
complete -c xmppscope -n "__fish_xmppscope_using_subcommand cm" -l color -d 'When to use colours' -r -f -a "auto\t'On a terminal, unless NO_COLOR is set'
always\t'Always'
never\t'Never'"
complete -c xmppscope -n "__fish_xmppscope_using_subcommand cm" -l anonymous -d 'Allow anonymous login in addition to the accounts'
complete -c xmppscope -n "__fish_xmppscope_using_subcommand cm" -l list-defects -d 'List all defects and exit'
complete -c xmppscope -n "__fish_xmppscope_using_subcommand cm" -l quiet -d 'Do not print traffic'
complete -c xmppscope -n "__fish_xmppscope_using_subcommand cm" -l force -d 'Let --write overwrite a file that is not empty'
complete -c xmppscope -n "__fish_xmppscope_using_subcommand cm" -l show-secrets -d 'Do not hide passwords, SASL payloads and cookies in what is printed and written'
complete -c xmppscope -n "__fish_xmppscope_using_subcommand cm" -l insecure -d 'Accept any certificate'
complete -c xmppscope -n "__fish_xmppscope_using_subcommand cm" -l upstream-plain -d 'Continue without TLS if the server offers none; always allowed for a server on this machine'
complete -c xmppscope -n "__fish_xmppscope_using_subcommand cm" -l tls -d 'Use TLS on the --tcp port, with a certificate that is generated for this run'
complete -c xmppscope -n "__fish_xmppscope_using_subcommand cm" -l deflate -d 'Compress WebSocket messages for clients that offer it (permessage-deflate)'
complete -c xmppscope -n "__fish_xmppscope_using_subcommand cm" -l no-sasl2 -d 'Do not offer SASL2 and Bind 2, which log in with one exchange'
complete -c xmppscope -n "__fish_xmppscope_using_subcommand cm" -s v -l verbose -d 'Also print when connections open and close; -vv also logs debug messages to stderr'
complete -c xmppscope -n "__fish_xmppscope_using_subcommand cm" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c xmppscope -n "__fish_xmppscope_using_subcommand convert" -s o -l output -d 'File to write, readable only by its owner; - writes to standard output [default: -]' -r -F
complete -c xmppscope -n "__fish_xmppscope_using_subcommand convert" -l to -d 'What to write' -r -f -a "capture\t'Capture, for `xmppscope show`, `report` and `diff`'
har\t'HTTP Archive, which the Network tab of browsers opens'
curl\t'curl command that sends one request again'"
complete -c xmppscope -n "__fish_xmppscope_using_subcommand convert" -l exchange -d 'With --to curl: the number of the request among all requests of the recording, counted from 1' -r
complete -c xmppscope -n "__fish_xmppscope_using_subcommand convert" -l filter -d 'With --to curl: the first exchange that matches, for example \'status:404\'' -r
complete -c xmppscope -n "__fish_xmppscope_using_subcommand convert" -l force -d 'Let -o overwrite a file that is not empty'
complete -c xmppscope -n "__fish_xmppscope_using_subcommand convert" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c xmppscope -n "__fish_xmppscope_using_subcommand demo" -l write -d 'Also write the traffic to FILE, for `xmppscope show`' -r -F
complete -c xmppscope -n "__fish_xmppscope_using_subcommand demo" -l filter -d 'Print only what matches, for example \'kind:message or finding\'' -r
complete -c xmppscope -n "__fish_xmppscope_using_subcommand demo" -l format -d 'Output format' -r -f -a "pretty\t'One line for each message and stanza, followed by the XML'
compact\t'Like pretty, without the XML'
json\t'One JSON object per line, for programs; see docs/reference/json.md'
transcript\t'Only what stays the same from run to run, by session, printed at the end; see docs/reference/transcript.md'"
complete -c xmppscope -n "__fish_xmppscope_using_subcommand demo" -l settings -d 'Settings file, which lists what varies from run to run [default: xmppscope.yaml, if it exists]' -r -F
complete -c xmppscope -n "__fish_xmppscope_using_subcommand demo" -l color -d 'When to use colours' -r -f -a "auto\t'On a terminal, unless NO_COLOR is set'
always\t'Always'
never\t'Never'"
complete -c xmppscope -n "__fish_xmppscope_using_subcommand demo" -l force -d 'Let --write overwrite a file that is not empty'
complete -c xmppscope -n "__fish_xmppscope_using_subcommand demo" -s v -l verbose -d 'Also print when connections open and close; -vv also logs debug messages to stderr'
complete -c xmppscope -n "__fish_xmppscope_using_subcommand demo" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c xmppscope -n "__fish_xmppscope_using_subcommand diff" -l format -d 'Output format' -r -f -a "text\t'Text for people'
json\t'One JSON object, for programs; see docs/reference/diff.md'
html\t'HTML page'
markdown\t'Table with one row per kind of difference: how often it occurs, and where first'"
complete -c xmppscope -n "__fish_xmppscope_using_subcommand diff" -l settings -d 'Settings file, which lists what varies from run to run [default: xmppscope.yaml, if it exists]' -r -F
complete -c xmppscope -n "__fish_xmppscope_using_subcommand diff" -l color -d 'When to use colours' -r -f -a "auto\t'On a terminal, unless NO_COLOR is set'
always\t'Always'
never\t'Never'"
complete -c xmppscope -n "__fish_xmppscope_using_subcommand diff" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c xmppscope -n "__fish_xmppscope_using_subcommand doctor" -l domain -d 'XMPP domain [default: the host of the URL]' -r
complete -c xmppscope -n "__fish_xmppscope_using_subcommand doctor" -l user -d 'Log in as JID, send it a message and resume the stream [default: log in anonymously if the server allows it]' -r
complete -c xmppscope -n "__fish_xmppscope_using_subcommand doctor" -l origin -d 'Origin of the web page that uses the server, such as `https://www.example`' -r
complete -c xmppscope -n "__fish_xmppscope_using_subcommand doctor" -l direct -d 'Also test the server behind the reverse proxy at this URL, and compare' -r
complete -c xmppscope -n "__fish_xmppscope_using_subcommand doctor" -l resolve -d 'Connect to ADDR instead of HOST\'s address, and to PORT if given; repeatable' -r
complete -c xmppscope -n "__fish_xmppscope_using_subcommand doctor" -l dns -d 'Name server to use instead of the system\'s' -r
complete -c xmppscope -n "__fish_xmppscope_using_subcommand doctor" -l ca-file -d 'Trust only the certificates in this PEM file: of CAs, or the server\'s own' -r -F
complete -c xmppscope -n "__fish_xmppscope_using_subcommand doctor" -l wait -d '`wait` to request for BOSH, in seconds' -r
complete -c xmppscope -n "__fish_xmppscope_using_subcommand doctor" -l idle -d 'How long to leave a WebSocket idle, in seconds' -r
complete -c xmppscope -n "__fish_xmppscope_using_subcommand doctor" -l format -d 'Format of the output' -r -f -a "pretty\t'For people: a line for each result as it comes, then what to change'
json\t'One JSON object'
markdown\t'To paste into an issue; IP addresses and user names are shortened'
html\t'A page for a browser'"
complete -c xmppscope -n "__fish_xmppscope_using_subcommand doctor" -l color -d 'When to use colours' -r -f -a "auto\t'On a terminal, unless NO_COLOR is set'
always\t'Always'
never\t'Never'"
complete -c xmppscope -n "__fish_xmppscope_using_subcommand doctor" -l quick -d 'Skip slow checks: a request held to its end, an idle WebSocket, large requests'
complete -c xmppscope -n "__fish_xmppscope_using_subcommand doctor" -l dry-run -d 'Print what would be done, and do nothing'
complete -c xmppscope -n "__fish_xmppscope_using_subcommand doctor" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c xmppscope -n "__fish_xmppscope_using_subcommand generate; and not __fish_seen_subcommand_from man completions schema target clients conformance help" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c xmppscope -n "__fish_xmppscope_using_subcommand generate; and not __fish_seen_subcommand_from man completions schema target clients conformance help" -f -a "man" -d 'Print a man page, or write all of them to a folder'
complete -c xmppscope -n "__fish_xmppscope_using_subcommand generate; and not __fish_seen_subcommand_from man completions schema target clients conformance help" -f -a "completions" -d 'Print completions of the command line for a shell'
complete -c xmppscope -n "__fish_xmppscope_using_subcommand generate; and not __fish_seen_subcommand_from man completions schema target clients conformance help" -f -a "schema" -d 'Print the JSON Schema of scenario files, for editors'
complete -c xmppscope -n "__fish_xmppscope_using_subcommand generate; and not __fish_seen_subcommand_from man completions schema target clients conformance help" -f -a "target" -d 'Print a target file that is part of xmppscope, to begin your own with'
complete -c xmppscope -n "__fish_xmppscope_using_subcommand generate; and not __fish_seen_subcommand_from man completions schema target clients conformance help" -f -a "clients" -d 'Print a table of the requirements that clients meet, in Markdown'
complete -c xmppscope -n "__fish_xmppscope_using_subcommand generate; and not __fish_seen_subcommand_from man completions schema target clients conformance help" -f -a "conformance" -d 'Print tables of the requirements that servers meet, in Markdown'
complete -c xmppscope -n "__fish_xmppscope_using_subcommand generate; and not __fish_seen_subcommand_from man completions schema target clients conformance help" -f -a "help" -d 'Print this message or the help of the given subcommand(s)'
complete -c xmppscope -n "__fish_xmppscope_using_subcommand generate; and __fish_seen_subcommand_from man" -s o -l output -d 'Write all pages to this folder, which is created if it does not exist; existing pages are replaced' -r -F
complete -c xmppscope -n "__fish_xmppscope_using_subcommand generate; and __fish_seen_subcommand_from man" -s h -l help -d 'Print help'
complete -c xmppscope -n "__fish_xmppscope_using_subcommand generate; and __fish_seen_subcommand_from completions" -s h -l help -d 'Print help'
complete -c xmppscope -n "__fish_xmppscope_using_subcommand generate; and __fish_seen_subcommand_from schema" -l client -d 'The schema of scenarios that test a client'
complete -c xmppscope -n "__fish_xmppscope_using_subcommand generate; and __fish_seen_subcommand_from schema" -s h -l help -d 'Print help'
complete -c xmppscope -n "__fish_xmppscope_using_subcommand generate; and __fish_seen_subcommand_from target" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c xmppscope -n "__fish_xmppscope_using_subcommand generate; and __fish_seen_subcommand_from clients" -l pages -d 'Folder with pages about single deviations, to which the table links' -r -F
complete -c xmppscope -n "__fish_xmppscope_using_subcommand generate; and __fish_seen_subcommand_from clients" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c xmppscope -n "__fish_xmppscope_using_subcommand generate; and __fish_seen_subcommand_from conformance" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c xmppscope -n "__fish_xmppscope_using_subcommand generate; and __fish_seen_subcommand_from help" -f -a "man" -d 'Print a man page, or write all of them to a folder'
complete -c xmppscope -n "__fish_xmppscope_using_subcommand generate; and __fish_seen_subcommand_from help" -f -a "completions" -d 'Print completions of the command line for a shell'
complete -c xmppscope -n "__fish_xmppscope_using_subcommand generate; and __fish_seen_subcommand_from help" -f -a "schema" -d 'Print the JSON Schema of scenario files, for editors'
complete -c xmppscope -n "__fish_xmppscope_using_subcommand generate; and __fish_seen_subcommand_from help" -f -a "target" -d 'Print a target file that is part of xmppscope, to begin your own with'
complete -c xmppscope -n "__fish_xmppscope_using_subcommand generate; and __fish_seen_subcommand_from help" -f -a "clients" -d 'Print a table of the requirements that clients meet, in Markdown'
complete -c xmppscope -n "__fish_xmppscope_using_subcommand generate; and __fish_seen_subcommand_from help" -f -a "conformance" -d 'Print tables of the requirements that servers meet, in Markdown'
complete -c xmppscope -n "__fish_xmppscope_using_subcommand generate; and __fish_seen_subcommand_from help" -f -a "help" -d 'Print this message or the help of the given subcommand(s)'
complete -c xmppscope -n "__fish_xmppscope_using_subcommand prove" -l defect -d 'Use only this defect; repeatable [default: all]' -r
complete -c xmppscope -n "__fish_xmppscope_using_subcommand prove" -l jobs -d 'Scenarios to run in parallel [default: one for each processor]' -r
complete -c xmppscope -n "__fish_xmppscope_using_subcommand prove" -l color -d 'When to use colours' -r -f -a "auto\t'On a terminal, unless NO_COLOR is set'
always\t'Always'
never\t'Never'"
complete -c xmppscope -n "__fish_xmppscope_using_subcommand prove" -l covered -d 'Use only defects of requirements that these scenarios cover'
complete -c xmppscope -n "__fish_xmppscope_using_subcommand prove" -l generated -d 'Use generated defects instead (some 6,000): every kind of fault at every place'
complete -c xmppscope -n "__fish_xmppscope_using_subcommand prove" -l all -d 'Run every scenario with every defect, not only what the proof needs: some twenty times as many runs'
complete -c xmppscope -n "__fish_xmppscope_using_subcommand prove" -l table -d 'Also print which scenarios catch each defect, and which defects each scenario catches'
complete -c xmppscope -n "__fish_xmppscope_using_subcommand prove" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c xmppscope -n "__fish_xmppscope_using_subcommand proxy" -l target -d 'Server to forward to: http://, https://, ws://, wss://, xmpp:// or xmpps://' -r
complete -c xmppscope -n "__fish_xmppscope_using_subcommand proxy" -l listen -d 'Address to listen on; port 0 picks a free port' -r
complete -c xmppscope -n "__fish_xmppscope_using_subcommand proxy" -l write -d 'Also write the traffic to FILE, for `xmppscope show`' -r -F
complete -c xmppscope -n "__fish_xmppscope_using_subcommand proxy" -l host -d 'Host header for the target: the client\'s (keep), the target\'s own, or NAME' -r
complete -c xmppscope -n "__fish_xmppscope_using_subcommand proxy" -l starttls -d 'How to handle STARTTLS with an xmpp:// target [default: take-over]' -r -f -a "take-over\t'End TLS here on both sides, and show the stream in it'
pass\t'Pass TLS on: nothing is seen from there on'"
complete -c xmppscope -n "__fish_xmppscope_using_subcommand proxy" -l ca-file -d 'Trust only the certificates in this PEM file, of CAs or the target\'s own, for a target with TLS' -r -F
complete -c xmppscope -n "__fish_xmppscope_using_subcommand proxy" -l tls-dir -d 'Listen with TLS, using cert.pem and key.pem in DIR, which are generated if missing' -r -F
complete -c xmppscope -n "__fish_xmppscope_using_subcommand proxy" -l tls-name -d 'Additional name for a generated certificate, such as the XMPP domain; repeatable' -r
complete -c xmppscope -n "__fish_xmppscope_using_subcommand proxy" -l buffer -d 'Maximum amount of traffic waiting to be printed' -r
complete -c xmppscope -n "__fish_xmppscope_using_subcommand proxy" -l body-limit -d 'Maximum size of a message to print and write, up to 10 MiB; the rest of a longer one is left out' -r
complete -c xmppscope -n "__fish_xmppscope_using_subcommand proxy" -l max-connections -d 'Maximum number of client connections at a time; further ones are closed' -r
complete -c xmppscope -n "__fish_xmppscope_using_subcommand proxy" -l fault -d 'Inject a fault; repeatable' -r
complete -c xmppscope -n "__fish_xmppscope_using_subcommand proxy" -l fault-file -d 'Read further faults from a YAML list, now and at each SIGHUP' -r -F
complete -c xmppscope -n "__fish_xmppscope_using_subcommand proxy" -l control -d 'Unix socket on which to accept commands: `faults`, `fault add WHEN: WHAT`, `fault clear`' -r -F
complete -c xmppscope -n "__fish_xmppscope_using_subcommand proxy" -l filter -d 'Print only what matches, for example \'kind:message or finding\'' -r
complete -c xmppscope -n "__fish_xmppscope_using_subcommand proxy" -l format -d 'Output format' -r -f -a "pretty\t'One line for each message and stanza, followed by the XML'
compact\t'Like pretty, without the XML'
json\t'One JSON object per line, for programs; see docs/reference/json.md'
transcript\t'Only what stays the same from run to run, by session, printed at the end; see docs/reference/transcript.md'"
complete -c xmppscope -n "__fish_xmppscope_using_subcommand proxy" -l settings -d 'Settings file, which lists what varies from run to run [default: xmppscope.yaml, if it exists]' -r -F
complete -c xmppscope -n "__fish_xmppscope_using_subcommand proxy" -l color -d 'When to use colours' -r -f -a "auto\t'On a terminal, unless NO_COLOR is set'
always\t'Always'
never\t'Never'"
complete -c xmppscope -n "__fish_xmppscope_using_subcommand proxy" -l force -d 'Let --write overwrite a file that is not empty'
complete -c xmppscope -n "__fish_xmppscope_using_subcommand proxy" -l insecure -d 'Accept any certificate of the target'
complete -c xmppscope -n "__fish_xmppscope_using_subcommand proxy" -l tls -d 'Listen with TLS, for web pages served over https'
complete -c xmppscope -n "__fish_xmppscope_using_subcommand proxy" -l show-secrets -d 'Do not hide passwords, SASL payloads and cookies in what is printed and written'
complete -c xmppscope -n "__fish_xmppscope_using_subcommand proxy" -s v -l verbose -d 'Also print when connections open and close; -vv also logs debug messages to stderr'
complete -c xmppscope -n "__fish_xmppscope_using_subcommand proxy" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c xmppscope -n "__fish_xmppscope_using_subcommand record" -s o -l output -d 'Scenario to write; - writes to standard output [default: -]' -r -F
complete -c xmppscope -n "__fish_xmppscope_using_subcommand record" -l session -d 'Use only the session whose name or sid begins with NAME [default: all]' -r
complete -c xmppscope -n "__fish_xmppscope_using_subcommand record" -l name -d 'Name of the scenario [default: describes the recording]' -r
complete -c xmppscope -n "__fish_xmppscope_using_subcommand record" -l force -d 'Let -o overwrite a file that is not empty'
complete -c xmppscope -n "__fish_xmppscope_using_subcommand record" -l strict -d 'Expect everything that the server sent, not only what is the same on every server'
complete -c xmppscope -n "__fish_xmppscope_using_subcommand record" -l requests -d 'Write every BOSH request as a step, even plain polls'
complete -c xmppscope -n "__fish_xmppscope_using_subcommand record" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c xmppscope -n "__fish_xmppscope_using_subcommand replay" -l target -d 'Server to test: a URL, a domain, or a target file that describes it [default: the built-in one]' -r -F
complete -c xmppscope -n "__fish_xmppscope_using_subcommand replay" -l domain -d 'XMPP domain, if the target is a URL [default: localhost]; without a target, the domain to look up and test' -r
complete -c xmppscope -n "__fish_xmppscope_using_subcommand replay" -l ca-file -d 'Trust only the CA certificates in this PEM file' -r -F
complete -c xmppscope -n "__fish_xmppscope_using_subcommand replay" -l resolve -d 'Connect to ADDR instead of HOST\'s address, and to PORT if given; repeatable' -r
complete -c xmppscope -n "__fish_xmppscope_using_subcommand replay" -l dns -d 'Name server to use instead of the system\'s' -r
complete -c xmppscope -n "__fish_xmppscope_using_subcommand replay" -l account -d 'Account that logs in; repeatable [default: those of the target file]' -r
complete -c xmppscope -n "__fish_xmppscope_using_subcommand replay" -l defect -d 'Enable a defect of the built-in server; repeatable' -r
complete -c xmppscope -n "__fish_xmppscope_using_subcommand replay" -l session -d 'Replay only the session whose name or sid begins with NAME [default: all]' -r
complete -c xmppscope -n "__fish_xmppscope_using_subcommand replay" -l speed -d 'Divide pauses by N: 10 is ten times as fast, 0.5 is half as fast' -r
complete -c xmppscope -n "__fish_xmppscope_using_subcommand replay" -l write -d 'Write what passes to FILE, as a capture' -r -F
complete -c xmppscope -n "__fish_xmppscope_using_subcommand replay" -l settings -d 'Settings file, which lists what varies from run to run [default: xmppscope.yaml, if it exists]' -r -F
complete -c xmppscope -n "__fish_xmppscope_using_subcommand replay" -l color -d 'When to use colours' -r -f -a "auto\t'On a terminal, unless NO_COLOR is set'
always\t'Always'
never\t'Never'"
complete -c xmppscope -n "__fish_xmppscope_using_subcommand replay" -l insecure -d 'Accept any certificate'
complete -c xmppscope -n "__fish_xmppscope_using_subcommand replay" -l force -d 'Let --write overwrite a file that is not empty'
complete -c xmppscope -n "__fish_xmppscope_using_subcommand replay" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c xmppscope -n "__fish_xmppscope_using_subcommand report" -s o -l output -d 'File to write, readable only by its owner; - writes to standard output [default: -]' -r -F
complete -c xmppscope -n "__fish_xmppscope_using_subcommand report" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c xmppscope -n "__fish_xmppscope_using_subcommand run" -l target -d 'Server to test: a URL, a domain, or a target file that describes it [default: the built-in one]' -r -F
complete -c xmppscope -n "__fish_xmppscope_using_subcommand run" -l domain -d 'XMPP domain, if the target is a URL [default: localhost]; without a target, the domain to look up and test' -r
complete -c xmppscope -n "__fish_xmppscope_using_subcommand run" -l ca-file -d 'Trust only the CA certificates in this PEM file' -r -F
complete -c xmppscope -n "__fish_xmppscope_using_subcommand run" -l resolve -d 'Connect to ADDR instead of HOST\'s address, and to PORT if given; repeatable' -r
complete -c xmppscope -n "__fish_xmppscope_using_subcommand run" -l dns -d 'Name server to use instead of the system\'s' -r
complete -c xmppscope -n "__fish_xmppscope_using_subcommand run" -l only -d 'Run only the scenarios that match EXPR: words from the path, name or requirement, combined with and, or, not' -r
complete -c xmppscope -n "__fish_xmppscope_using_subcommand run" -l carrier -d 'Run only scenarios whose sessions are carried by BOSH, WebSocket or TCP; repeatable' -r -f -a "bosh\t''
websocket\t''
tcp\t''"
complete -c xmppscope -n "__fish_xmppscope_using_subcommand run" -l jobs -d 'Scenarios to run in parallel [default: the target file\'s value, or 32]' -r
complete -c xmppscope -n "__fish_xmppscope_using_subcommand run" -l confirm -d 'Run a failed scenario again after all others, this many times; one that does not fail each time is unsteady [default: 2]' -r
complete -c xmppscope -n "__fish_xmppscope_using_subcommand run" -l defect -d 'Enable a defect of the built-in server; repeatable' -r
complete -c xmppscope -n "__fish_xmppscope_using_subcommand run" -l show -d 'Print the traffic of these scenarios' -r -f -a "failed\t'Failed scenarios and warnings, only the relevant part'
all\t'All scenarios'
none\t'No scenarios'"
complete -c xmppscope -n "__fish_xmppscope_using_subcommand run" -l write -d 'Write a capture of each scenario to this folder, and all outcomes to outcomes.ndjson in it' -r -F
complete -c xmppscope -n "__fish_xmppscope_using_subcommand run" -l format -d 'Output format; repeatable [default: pretty]' -r -f -a "pretty\t'Text for people'
json\t'One JSON object per line, for programs'
junit\t'JUnit XML, for CI systems'
tap\t'Test Anything Protocol 14'
github\t'Annotations for GitHub Actions'
markdown\t'Tables, for the summary of a CI job'"
complete -c xmppscope -n "__fish_xmppscope_using_subcommand run" -s o -l output -d 'Output file of a format: the first --output is for the first --format, and so on' -r -F
complete -c xmppscope -n "__fish_xmppscope_using_subcommand run" -l color -d 'When to use colours' -r -f -a "auto\t'On a terminal, unless NO_COLOR is set'
always\t'Always'
never\t'Never'"
complete -c xmppscope -n "__fish_xmppscope_using_subcommand run" -l snapshots -d 'Compare each conversation with its approved snapshot in this folder, and fail if they differ' -r -F
complete -c xmppscope -n "__fish_xmppscope_using_subcommand run" -l update -d 'What to do with new or changed conversations [default: no if the variable CI is set, otherwise new]' -r -f -a "new\t'Write it to a .snap.new file, for review'
all\t'Approve it'
no\t'Write nothing'"
complete -c xmppscope -n "__fish_xmppscope_using_subcommand run" -l settings -d 'Settings file, which lists what varies from run to run [default: xmppscope.yaml, if it exists]' -r -F
complete -c xmppscope -n "__fish_xmppscope_using_subcommand run" -l insecure -d 'Accept any certificate'
complete -c xmppscope -n "__fish_xmppscope_using_subcommand run" -l strict -d 'Also fail on violated recommendations (SHOULD), and on known deviations that no longer occur'
complete -c xmppscope -n "__fish_xmppscope_using_subcommand run" -l list -d 'List the scenarios that would run, and exit'
complete -c xmppscope -n "__fish_xmppscope_using_subcommand run" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c xmppscope -n "__fish_xmppscope_using_subcommand scenarios; and not __fish_seen_subcommand_from list export help" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c xmppscope -n "__fish_xmppscope_using_subcommand scenarios; and not __fish_seen_subcommand_from list export help" -f -a "list" -d 'List them: path and name, one per line'
complete -c xmppscope -n "__fish_xmppscope_using_subcommand scenarios; and not __fish_seen_subcommand_from list export help" -f -a "export" -d 'Write them to a folder, with the shared files that they use'
complete -c xmppscope -n "__fish_xmppscope_using_subcommand scenarios; and not __fish_seen_subcommand_from list export help" -f -a "help" -d 'Print this message or the help of the given subcommand(s)'
complete -c xmppscope -n "__fish_xmppscope_using_subcommand scenarios; and __fish_seen_subcommand_from list" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c xmppscope -n "__fish_xmppscope_using_subcommand scenarios; and __fish_seen_subcommand_from export" -l force -d 'Overwrite files that exist'
complete -c xmppscope -n "__fish_xmppscope_using_subcommand scenarios; and __fish_seen_subcommand_from export" -s h -l help -d 'Print help'
complete -c xmppscope -n "__fish_xmppscope_using_subcommand scenarios; and __fish_seen_subcommand_from help" -f -a "list" -d 'List them: path and name, one per line'
complete -c xmppscope -n "__fish_xmppscope_using_subcommand scenarios; and __fish_seen_subcommand_from help" -f -a "export" -d 'Write them to a folder, with the shared files that they use'
complete -c xmppscope -n "__fish_xmppscope_using_subcommand scenarios; and __fish_seen_subcommand_from help" -f -a "help" -d 'Print this message or the help of the given subcommand(s)'
complete -c xmppscope -n "__fish_xmppscope_using_subcommand show" -l filter -d 'Print only what matches, for example \'kind:message or finding\'' -r
complete -c xmppscope -n "__fish_xmppscope_using_subcommand show" -l format -d 'Output format' -r -f -a "pretty\t'One line for each message and stanza, followed by the XML'
compact\t'Like pretty, without the XML'
json\t'One JSON object per line, for programs; see docs/reference/json.md'
transcript\t'Only what stays the same from run to run, by session, printed at the end; see docs/reference/transcript.md'"
complete -c xmppscope -n "__fish_xmppscope_using_subcommand show" -l settings -d 'Settings file, which lists what varies from run to run [default: xmppscope.yaml, if it exists]' -r -F
complete -c xmppscope -n "__fish_xmppscope_using_subcommand show" -l color -d 'When to use colours' -r -f -a "auto\t'On a terminal, unless NO_COLOR is set'
always\t'Always'
never\t'Never'"
complete -c xmppscope -n "__fish_xmppscope_using_subcommand show" -s v -l verbose -d 'Also print when connections open and close; -vv also logs debug messages to stderr'
complete -c xmppscope -n "__fish_xmppscope_using_subcommand show" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c xmppscope -n "__fish_xmppscope_using_subcommand shrink" -l while -d 'What has to stay: a filter expression, such as finding:NAME; see docs/reference/filter.md' -r
complete -c xmppscope -n "__fish_xmppscope_using_subcommand shrink" -s o -l output -d 'File to write: a capture if its name ends in .ndjson, otherwise a scenario; - writes to standard output [default: -]' -r -F
complete -c xmppscope -n "__fish_xmppscope_using_subcommand shrink" -l limit -d 'Stop after this time, with what is left by then, in seconds' -r
complete -c xmppscope -n "__fish_xmppscope_using_subcommand shrink" -l session -d 'Use only the session whose name or sid begins with NAME [default: all]' -r
complete -c xmppscope -n "__fish_xmppscope_using_subcommand shrink" -l name -d 'Name of the scenario [default: describes the recording]' -r
complete -c xmppscope -n "__fish_xmppscope_using_subcommand shrink" -l force -d 'Let -o overwrite a file that is not empty'
complete -c xmppscope -n "__fish_xmppscope_using_subcommand shrink" -l strict -d 'Expect everything that the server sent, not only what is the same on every server'
complete -c xmppscope -n "__fish_xmppscope_using_subcommand shrink" -l requests -d 'Write every BOSH request as a step, even plain polls'
complete -c xmppscope -n "__fish_xmppscope_using_subcommand shrink" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c xmppscope -n "__fish_xmppscope_using_subcommand snapshot; and not __fish_seen_subcommand_from review accept reject list help" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c xmppscope -n "__fish_xmppscope_using_subcommand snapshot; and not __fish_seen_subcommand_from review accept reject list help" -f -a "review" -d 'Review pending snapshots one by one: accept, reject or skip'
complete -c xmppscope -n "__fish_xmppscope_using_subcommand snapshot; and not __fish_seen_subcommand_from review accept reject list help" -f -a "accept" -d 'Accept pending snapshots'
complete -c xmppscope -n "__fish_xmppscope_using_subcommand snapshot; and not __fish_seen_subcommand_from review accept reject list help" -f -a "reject" -d 'Reject pending snapshots and delete their files'
complete -c xmppscope -n "__fish_xmppscope_using_subcommand snapshot; and not __fish_seen_subcommand_from review accept reject list help" -f -a "list" -d 'List pending snapshots and how they differ'
complete -c xmppscope -n "__fish_xmppscope_using_subcommand snapshot; and not __fish_seen_subcommand_from review accept reject list help" -f -a "help" -d 'Print this message or the help of the given subcommand(s)'
complete -c xmppscope -n "__fish_xmppscope_using_subcommand snapshot; and __fish_seen_subcommand_from review" -l color -d 'When to use colours' -r -f -a "auto\t'On a terminal, unless NO_COLOR is set'
always\t'Always'
never\t'Never'"
complete -c xmppscope -n "__fish_xmppscope_using_subcommand snapshot; and __fish_seen_subcommand_from review" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c xmppscope -n "__fish_xmppscope_using_subcommand snapshot; and __fish_seen_subcommand_from accept" -l color -d 'When to use colours' -r -f -a "auto\t'On a terminal, unless NO_COLOR is set'
always\t'Always'
never\t'Never'"
complete -c xmppscope -n "__fish_xmppscope_using_subcommand snapshot; and __fish_seen_subcommand_from accept" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c xmppscope -n "__fish_xmppscope_using_subcommand snapshot; and __fish_seen_subcommand_from reject" -l color -d 'When to use colours' -r -f -a "auto\t'On a terminal, unless NO_COLOR is set'
always\t'Always'
never\t'Never'"
complete -c xmppscope -n "__fish_xmppscope_using_subcommand snapshot; and __fish_seen_subcommand_from reject" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c xmppscope -n "__fish_xmppscope_using_subcommand snapshot; and __fish_seen_subcommand_from list" -l color -d 'When to use colours' -r -f -a "auto\t'On a terminal, unless NO_COLOR is set'
always\t'Always'
never\t'Never'"
complete -c xmppscope -n "__fish_xmppscope_using_subcommand snapshot; and __fish_seen_subcommand_from list" -l check -d 'Also list approved snapshots whose scenario no longer exists'
complete -c xmppscope -n "__fish_xmppscope_using_subcommand snapshot; and __fish_seen_subcommand_from list" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c xmppscope -n "__fish_xmppscope_using_subcommand snapshot; and __fish_seen_subcommand_from help" -f -a "review" -d 'Review pending snapshots one by one: accept, reject or skip'
complete -c xmppscope -n "__fish_xmppscope_using_subcommand snapshot; and __fish_seen_subcommand_from help" -f -a "accept" -d 'Accept pending snapshots'
complete -c xmppscope -n "__fish_xmppscope_using_subcommand snapshot; and __fish_seen_subcommand_from help" -f -a "reject" -d 'Reject pending snapshots and delete their files'
complete -c xmppscope -n "__fish_xmppscope_using_subcommand snapshot; and __fish_seen_subcommand_from help" -f -a "list" -d 'List pending snapshots and how they differ'
complete -c xmppscope -n "__fish_xmppscope_using_subcommand snapshot; and __fish_seen_subcommand_from help" -f -a "help" -d 'Print this message or the help of the given subcommand(s)'
complete -c xmppscope -n "__fish_xmppscope_using_subcommand spec" -l party -d 'Only requirements on this party; repeatable, or separated by commas' -r -f -a "cm\t'Only the connection manager'
client\t'Only the client'
server\t'Only the XMPP server'
both\t'Both sides'"
complete -c xmppscope -n "__fish_xmppscope_using_subcommand spec" -l level -d 'Only requirements of this level; repeatable, or separated by commas' -r -f -a "must\t'MUST, MUST NOT'
should\t'SHOULD, SHOULD NOT'
may\t'MAY'"
complete -c xmppscope -n "__fish_xmppscope_using_subcommand spec" -l format -d 'Output format' -r -f -a "pretty\t'Text for people'
json\t'One JSON object per line, for programs; see docs/reference/spec.md'"
complete -c xmppscope -n "__fish_xmppscope_using_subcommand spec" -l color -d 'When to use colours' -r -f -a "auto\t'On a terminal, unless NO_COLOR is set'
always\t'Always'
never\t'Never'"
complete -c xmppscope -n "__fish_xmppscope_using_subcommand spec" -l unchecked -d 'Only requirements that neither a rule nor a scenario checks'
complete -c xmppscope -n "__fish_xmppscope_using_subcommand spec" -l uncovered -d 'Only requirements on a connection manager or server that no scenario covers, with the reason'
complete -c xmppscope -n "__fish_xmppscope_using_subcommand spec" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c xmppscope -n "__fish_xmppscope_using_subcommand help; and not __fish_seen_subcommand_from check client cm convert demo diff doctor generate prove proxy record replay report run scenarios show shrink snapshot spec help" -f -a "check" -d 'Check scenario files for mistakes, without running them'
complete -c xmppscope -n "__fish_xmppscope_using_subcommand help; and not __fish_seen_subcommand_from check client cm convert demo diff doctor generate prove proxy record replay report run scenarios show shrink snapshot spec help" -f -a "client" -d 'Test a client'
complete -c xmppscope -n "__fish_xmppscope_using_subcommand help; and not __fish_seen_subcommand_from check client cm convert demo diff doctor generate prove proxy record replay report run scenarios show shrink snapshot spec help" -f -a "cm" -d 'Run a strict XMPP server for BOSH, WebSocket and TCP'
complete -c xmppscope -n "__fish_xmppscope_using_subcommand help; and not __fish_seen_subcommand_from check client cm convert demo diff doctor generate prove proxy record replay report run scenarios show shrink snapshot spec help" -f -a "convert" -d 'Convert a recording: to a capture, a HAR, or a curl command'
complete -c xmppscope -n "__fish_xmppscope_using_subcommand help; and not __fish_seen_subcommand_from check client cm convert demo diff doctor generate prove proxy record replay report run scenarios show shrink snapshot spec help" -f -a "demo" -d 'Watch a ten-second demo, with no client or server of your own'
complete -c xmppscope -n "__fish_xmppscope_using_subcommand help; and not __fish_seen_subcommand_from check client cm convert demo diff doctor generate prove proxy record replay report run scenarios show shrink snapshot spec help" -f -a "diff" -d 'Compare two captures, transcripts or snapshots'
complete -c xmppscope -n "__fish_xmppscope_using_subcommand help; and not __fish_seen_subcommand_from check client cm convert demo diff doctor generate prove proxy record replay report run scenarios show shrink snapshot spec help" -f -a "doctor" -d 'Find out why a client does not connect, and what to change'
complete -c xmppscope -n "__fish_xmppscope_using_subcommand help; and not __fish_seen_subcommand_from check client cm convert demo diff doctor generate prove proxy record replay report run scenarios show shrink snapshot spec help" -f -a "generate" -d 'Generate man pages, completions, the JSON Schema of scenarios, and more'
complete -c xmppscope -n "__fish_xmppscope_using_subcommand help; and not __fish_seen_subcommand_from check client cm convert demo diff doctor generate prove proxy record replay report run scenarios show shrink snapshot spec help" -f -a "prove" -d 'Test the scenarios themselves: mutation testing with known defects'
complete -c xmppscope -n "__fish_xmppscope_using_subcommand help; and not __fish_seen_subcommand_from check client cm convert demo diff doctor generate prove proxy record replay report run scenarios show shrink snapshot spec help" -f -a "proxy" -d 'Show the traffic between an XMPP client and its server: BOSH, WebSocket or TCP'
complete -c xmppscope -n "__fish_xmppscope_using_subcommand help; and not __fish_seen_subcommand_from check client cm convert demo diff doctor generate prove proxy record replay report run scenarios show shrink snapshot spec help" -f -a "record" -d 'Turn a recording into a scenario that `xmppscope run` repeats'
complete -c xmppscope -n "__fish_xmppscope_using_subcommand help; and not __fish_seen_subcommand_from check client cm convert demo diff doctor generate prove proxy record replay report run scenarios show shrink snapshot spec help" -f -a "replay" -d 'Replay what the clients of a recording sent, and compare the responses'
complete -c xmppscope -n "__fish_xmppscope_using_subcommand help; and not __fish_seen_subcommand_from check client cm convert demo diff doctor generate prove proxy record replay report run scenarios show shrink snapshot spec help" -f -a "report" -d 'Turn a recording, or a run of scenarios, into an HTML page'
complete -c xmppscope -n "__fish_xmppscope_using_subcommand help; and not __fish_seen_subcommand_from check client cm convert demo diff doctor generate prove proxy record replay report run scenarios show shrink snapshot spec help" -f -a "run" -d 'Test a server with scenarios'
complete -c xmppscope -n "__fish_xmppscope_using_subcommand help; and not __fish_seen_subcommand_from check client cm convert demo diff doctor generate prove proxy record replay report run scenarios show shrink snapshot spec help" -f -a "scenarios" -d 'List the built-in scenarios, or write them to files'
complete -c xmppscope -n "__fish_xmppscope_using_subcommand help; and not __fish_seen_subcommand_from check client cm convert demo diff doctor generate prove proxy record replay report run scenarios show shrink snapshot spec help" -f -a "show" -d 'Print a capture, or a HAR, log or other file that holds traffic'
complete -c xmppscope -n "__fish_xmppscope_using_subcommand help; and not __fish_seen_subcommand_from check client cm convert demo diff doctor generate prove proxy record replay report run scenarios show shrink snapshot spec help" -f -a "shrink" -d 'Find the shortest scenario that still shows a finding'
complete -c xmppscope -n "__fish_xmppscope_using_subcommand help; and not __fish_seen_subcommand_from check client cm convert demo diff doctor generate prove proxy record replay report run scenarios show shrink snapshot spec help" -f -a "snapshot" -d 'Review, accept or reject pending snapshots of conversations'
complete -c xmppscope -n "__fish_xmppscope_using_subcommand help; and not __fish_seen_subcommand_from check client cm convert demo diff doctor generate prove proxy record replay report run scenarios show shrink snapshot spec help" -f -a "spec" -d 'List the requirements of the specifications, and what checks them'
complete -c xmppscope -n "__fish_xmppscope_using_subcommand help; and not __fish_seen_subcommand_from check client cm convert demo diff doctor generate prove proxy record replay report run scenarios show shrink snapshot spec help" -f -a "help" -d 'Print this message or the help of the given subcommand(s)'
complete -c xmppscope -n "__fish_xmppscope_using_subcommand help; and __fish_seen_subcommand_from client" -f -a "run" -d 'Test a client with scenarios'
complete -c xmppscope -n "__fish_xmppscope_using_subcommand help; and __fish_seen_subcommand_from client" -f -a "prove" -d 'Test the scenarios for clients: mutation testing with known defects'
complete -c xmppscope -n "__fish_xmppscope_using_subcommand help; and __fish_seen_subcommand_from generate" -f -a "man" -d 'Print a man page, or write all of them to a folder'
complete -c xmppscope -n "__fish_xmppscope_using_subcommand help; and __fish_seen_subcommand_from generate" -f -a "completions" -d 'Print completions of the command line for a shell'
complete -c xmppscope -n "__fish_xmppscope_using_subcommand help; and __fish_seen_subcommand_from generate" -f -a "schema" -d 'Print the JSON Schema of scenario files, for editors'
complete -c xmppscope -n "__fish_xmppscope_using_subcommand help; and __fish_seen_subcommand_from generate" -f -a "target" -d 'Print a target file that is part of xmppscope, to begin your own with'
complete -c xmppscope -n "__fish_xmppscope_using_subcommand help; and __fish_seen_subcommand_from generate" -f -a "clients" -d 'Print a table of the requirements that clients meet, in Markdown'
complete -c xmppscope -n "__fish_xmppscope_using_subcommand help; and __fish_seen_subcommand_from generate" -f -a "conformance" -d 'Print tables of the requirements that servers meet, in Markdown'
complete -c xmppscope -n "__fish_xmppscope_using_subcommand help; and __fish_seen_subcommand_from scenarios" -f -a "list" -d 'List them: path and name, one per line'
complete -c xmppscope -n "__fish_xmppscope_using_subcommand help; and __fish_seen_subcommand_from scenarios" -f -a "export" -d 'Write them to a folder, with the shared files that they use'
complete -c xmppscope -n "__fish_xmppscope_using_subcommand help; and __fish_seen_subcommand_from snapshot" -f -a "review" -d 'Review pending snapshots one by one: accept, reject or skip'
complete -c xmppscope -n "__fish_xmppscope_using_subcommand help; and __fish_seen_subcommand_from snapshot" -f -a "accept" -d 'Accept pending snapshots'
complete -c xmppscope -n "__fish_xmppscope_using_subcommand help; and __fish_seen_subcommand_from snapshot" -f -a "reject" -d 'Reject pending snapshots and delete their files'
complete -c xmppscope -n "__fish_xmppscope_using_subcommand help; and __fish_seen_subcommand_from snapshot" -f -a "list" -d 'List pending snapshots and how they differ'

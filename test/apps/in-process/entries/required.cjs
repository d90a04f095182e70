// The server lives in a module that the entry requires: neither is changed by the host.
require('./required-server.cjs');

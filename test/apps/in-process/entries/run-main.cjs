// As process managers start apps: the entry becomes another script.
process.argv[1] = require.resolve('./run-main-app.cjs');
require('node:module').runMain();

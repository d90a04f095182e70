// Takes away what a future Node might: a number by which the native parser's slots are known.
'use strict';
const { HTTPParser } = require('_http_common');
Object.defineProperty(HTTPParser, 'kOnBody', { value: undefined });

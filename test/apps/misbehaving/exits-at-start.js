console.error('no database here\u001b[31m');
process.exit(3);

console.log('waiting for nothing');
setInterval(() => undefined, 60_000);

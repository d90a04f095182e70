// Publishes metrics of its own: counts orders, and says hostile things when it is asked to.
const http = require('node:http');
const { Counter, Gauge, Histogram, Registry } = require('prom-client');
const { publishMetrics } = require('../../../pools/integration/dist/index.cjs');

const registry = new Registry();
const orders = new Counter({ name: 'orders_total', help: 'Orders taken.', labelNames: ['kind'], registers: [registry] });
const basket = new Gauge({ name: 'basket_items', help: 'Items in baskets.', registers: [registry] });
const waits = new Histogram({ name: 'wait_seconds', help: 'Waits.', buckets: [0.1, 1], registers: [registry] });
console.log(`published: ${publishMetrics(registry)}`);

http
  .createServer((request, response) => {
    const url = new URL(request.url, 'http://app');
    if (url.pathname === '/order') {
      orders.inc({ kind: url.searchParams.get('kind') ?? 'book' });
      basket.set(3);
      waits.observe(0.5);
    } else if (url.pathname === '/forge') {
      new Gauge({ name: 'sluice_ready', help: 'not yours', registers: [registry] }).set(0);
      new Gauge({ name: 'orders_sum', help: 'a"}\nsluice_ready 0\n', labelNames: ['a'], registers: [registry] })
        .labels('"} 1\nsluice_ready 0\n')
        .set(1);
    } else if (url.pathname === '/block') {
      const until = Date.now() + Number(url.searchParams.get('ms'));
      while (Date.now() < until);
    }
    response.end(`${process.pid}\n`);
  })
  .listen(process.env.PORT ?? 3000);

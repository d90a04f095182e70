import { createHash } from 'node:crypto';

export const dynamic = 'force-dynamic';

export async function GET(request) {
  const url = new URL(request.url);
  if (url.searchParams.has('stream')) {
    let index = 0;
    const parts = new ReadableStream({
      async pull(controller) {
        if (index === 5) return controller.close();
        controller.enqueue(new TextEncoder().encode(`part ${index}\n`));
        index += 1;
      },
    });
    return new Response(parts, { headers: { 'content-type': 'text/plain' } });
  }
  return Response.json({ query: [...url.searchParams] }, { headers: { 'set-cookie': 'a=1; Path=/' } });
}

export async function POST(request) {
  const hash = createHash('sha256');
  for await (const chunk of request.body) hash.update(chunk);
  return Response.json({ got: hash.digest('hex') }, { status: 201 });
}

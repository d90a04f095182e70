import { headers } from 'next/headers';

// Rendered per request: it reads the request's fields.
export default async function Page({ searchParams }) {
  const host = (await headers()).get('host');
  const { name = 'nobody' } = await searchParams;
  return (
    <main>
      hello {name} at {host}
    </main>
  );
}

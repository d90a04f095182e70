await new Promise((resolve) => setTimeout(resolve, 30));
export default async (_q, r) => r.end('after await');

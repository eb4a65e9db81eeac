// miniflare's R2 behind the smallest worker that gets and puts: node r2.mjs PORT FOLDER
import { Miniflare } from "miniflare";

const [port, folder] = process.argv.slice(2);
const script = `
export default {
  async fetch(request, env) {
    const key = new URL(request.url).pathname.slice(1);
    if (request.method === "PUT") {
      const put = await env.BUCKET.put(key, request.body);
      return new Response(null, { headers: { etag: put.httpEtag } });
    }
    const found = await env.BUCKET.get(key);
    if (found === null) return new Response("no such key", { status: 404 });
    return new Response(found.body, { headers: { etag: found.httpEtag } });
  },
};`;

const miniflare = new Miniflare({
  host: "127.0.0.1",
  port: Number(port),
  modules: true,
  script,
  compatibilityDate: "2026-01-01",
  r2Buckets: ["BUCKET"],
  r2Persist: folder,
});
process.on("SIGTERM", async () => {
  await miniflare.dispose();
  process.exit(0);
});
await miniflare.ready;

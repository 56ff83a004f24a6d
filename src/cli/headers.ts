/** How servers are told to send the two headers that turn threads on in a page. */

/** What each server wants. */
export const headers = {
  nginx: `# in the server or location block
add_header Cross-Origin-Opener-Policy same-origin always;
add_header Cross-Origin-Embedder-Policy require-corp always;`,
  caddy: `# in the site block of the Caddyfile
header {
	Cross-Origin-Opener-Policy same-origin
	Cross-Origin-Embedder-Policy require-corp
}`,
  apache: `# in .htaccess, with mod_headers
Header always set Cross-Origin-Opener-Policy "same-origin"
Header always set Cross-Origin-Embedder-Policy "require-corp"`,
  vite: `// vite.config.js
const headers = {
  "Cross-Origin-Opener-Policy": "same-origin",
  "Cross-Origin-Embedder-Policy": "require-corp",
};
export default { server: { headers }, preview: { headers } };`,
  express: `app.use((request, response, next) => {
  response.set({
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Embedder-Policy": "require-corp",
  });
  next();
});`,
  next: `// next.config.js
export default {
  headers: async () => [
    {
      source: "/:path*",
      headers: [
        { key: "Cross-Origin-Opener-Policy", value: "same-origin" },
        { key: "Cross-Origin-Embedder-Policy", value: "require-corp" },
      ],
    },
  ],
};`,
  cloudflare: `# public/_headers, for Cloudflare Pages and Netlify
/*
  Cross-Origin-Opener-Policy: same-origin
  Cross-Origin-Embedder-Policy: require-corp`,
  "github-pages": `<!-- Where headers cannot be set, a service worker adds them. Write it beside the page:
     npx kindling doctor --service-worker > isolation.js -->
<script src="isolation.js"></script>`,
} as const;

/** A server whose headers are known. */
export type Server = keyof typeof headers;

/** Their names. */
export const servers = Object.keys(headers) as Server[];

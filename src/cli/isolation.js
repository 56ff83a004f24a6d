// Turns threads on where a server cannot send headers, such as GitHub Pages. This one file is both a script of the page and a service worker: put it
// beside the page (or above it), and write <script src="isolation.js"></script> before other scripts. The first visit loads the page twice.
if (typeof document === "undefined") {
  addEventListener("install", () => skipWaiting());
  addEventListener("activate", (event) => event.waitUntil(clients.claim()));
  addEventListener("fetch", (event) => {
    const { request } = event;
    // Chromium asks so for what it has in its cache, and a service worker may not answer that with another mode.
    if (request.cache === "only-if-cached" && request.mode !== "same-origin") return;
    event.respondWith(
      fetch(request).then((response) => {
        // An answer from another origin, without its permission, cannot be opened and goes on as it is.
        if (response.status === 0) return response;
        const headers = new Headers(response.headers);
        headers.set("Cross-Origin-Opener-Policy", "same-origin");
        headers.set("Cross-Origin-Embedder-Policy", "require-corp");
        const { status, statusText } = response;
        const isEmpty = status === 204 || status === 205 || status === 304;
        return new Response(isEmpty ? null : response.body, { status, statusText, headers });
      }),
    );
  });
} else if (!crossOriginIsolated && isSecureContext && "serviceWorker" in navigator) {
  const key = "kindling-isolation";
  const reload = () => {
    // Once for each tab: a browser that refuses isolation in spite of the headers would load the page forever.
    if (sessionStorage.getItem(key) !== null) return;
    sessionStorage.setItem(key, "reloaded");
    location.reload();
  };
  const { serviceWorker } = navigator;
  if (serviceWorker.controller === null) serviceWorker.addEventListener("controllerchange", reload, { once: true });
  else reload();
  serviceWorker
    .register(document.currentScript.src)
    .catch((error) => console.warn(`Threads stay off: the service worker was refused (${error.message})`));
} else if (typeof crossOriginIsolated === "boolean" && crossOriginIsolated) {
  sessionStorage.removeItem("kindling-isolation");
}

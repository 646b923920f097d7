// Keeps what pages load, each file under a name that changes with its content, and one page for when there is no network.
// Never markup, answers of the API or media; never anything but GET. A new build has a new cache, and the old one goes.
"use strict";
const CACHE = `zephyr-${BUILD.id}`;

self.addEventListener("install", (event) => {
  event.waitUntil(caches.open(CACHE).then((cache) => cache.addAll([...BUILD.files, BUILD.offline])).then(() => self.skipWaiting()));
});

self.addEventListener("activate", (event) => {
  const old = (name) => name.startsWith("zephyr-") && name !== CACHE;
  event.waitUntil(caches.keys()
    .then((names) => Promise.all(names.filter(old).map((name) => caches.delete(name))))
    .then(() => self.clients.claim()));
});

self.addEventListener("fetch", (event) => {
  const { method, url, mode } = event.request;
  const { origin, pathname } = new URL(url);
  if (method !== "GET" || origin !== self.location.origin) return;
  if (BUILD.files.includes(pathname)) {
    event.respondWith(caches.match(pathname, { cacheName: CACHE }).then((kept) => kept || fetch(event.request)));
  } else if (mode === "navigate") {
    event.respondWith(fetch(event.request).catch(() => caches.match(BUILD.offline, { cacheName: CACHE })));
  }
});

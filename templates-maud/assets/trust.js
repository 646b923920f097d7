// What may become markup or a script. Markup comes from our own pages, through htmx, and the page's policy lets none of
// it run; scripts come from our own files. Texts never become scripts.
(() => {
  "use strict";
  if (!window.trustedTypes || !window.trustedTypes.createPolicy) return;
  window.trustedTypes.createPolicy("default", {
    createHTML: (markup) => markup,
    createScriptURL: (url) => (new URL(url, location.href).origin === location.origin ? url : null),
  });
})();

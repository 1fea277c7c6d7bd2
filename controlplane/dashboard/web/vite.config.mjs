import { defineConfig } from "vite";

export default defineConfig({
  esbuild: { jsx: "automatic" },
  // No inline scripts or data URIs of scripts: the pages are served with a strict Content-Security-Policy.
  build: { target: "es2022", modulePreload: { polyfill: false }, assetsInlineLimit: 0, chunkSizeWarningLimit: 900 },
});

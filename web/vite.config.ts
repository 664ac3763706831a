import react from '@vitejs/plugin-react'
import { defineConfig } from 'vitest/config'

// dev.html is the app on a fixture; index.html comes with the store that talks to the server.
export default defineConfig({
  base: './',
  plugins: [react()],
  build: {
    target: 'es2023',
    manifest: true,
    modulePreload: { polyfill: false },
    reportCompressedSize: false,
    chunkSizeWarningLimit: 1000,
    rollupOptions: { input: 'dev.html' },
  },
  test: { include: ['src/**/*.test.ts'], environment: 'node' },
})

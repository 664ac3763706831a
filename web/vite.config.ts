import react from '@vitejs/plugin-react'
import { defineConfig } from 'vitest/config'
import { groups } from './scripts/chunks.mjs'
import { outputFrame } from './scripts/output_frame.mjs'

// index.html is the app; dev.html is its stage on a recorded canvas, without a server.
export default defineConfig({
  base: '/',
  plugins: [react(), outputFrame()],
  build: {
    target: 'es2023',
    manifest: true,
    modulePreload: { polyfill: false },
    reportCompressedSize: false,
    chunkSizeWarningLimit: 1000,
    rolldownOptions: {
      input: ['index.html', 'dev.html'],
      output: { codeSplitting: { groups } },
    },
  },
  // `npm run dev` beside `easel serve --port 8080`.
  server: { proxy: { '/api': { target: 'http://127.0.0.1:8080', ws: true } } },
  test: { include: ['src/**/*.test.ts'], environment: 'node', testTimeout: 60_000 },
})

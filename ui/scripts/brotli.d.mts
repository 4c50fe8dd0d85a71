import type { Plugin } from 'vite';

export declare function brotli(): Plugin;

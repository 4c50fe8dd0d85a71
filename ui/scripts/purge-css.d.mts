import type { Plugin } from 'vite';

export declare function purgeCss(): Plugin;

import type { Plugin } from 'vite';

export declare function checkTexts(): Plugin;

import { useState } from 'react';

import type { ReadPath } from '../api/models';
import { fetchCsv, type ResourceRequest } from '../api/rest/resource';
import { useBilling } from '../BillingProvider';

export interface Download<Path extends ReadPath> {
  isLoading: boolean;
  error: Error | null;
  /** Saves the response of the API as a file. `name` is used if the API gives none. */
  download: (path: Path, request: ResourceRequest<Path>, name: string) => void;
}

export function useDownload<Path extends ReadPath>(): Download<Path> {
  const { api } = useBilling();
  const [isLoading, setIsLoading] = useState(false);
  const [error, setError] = useState<Error | null>(null);
  const download: Download<Path>['download'] = (path, request, name) => {
    setIsLoading(true);
    setError(null);
    fetchCsv(api, path, request)
      .then((answer) => {
        save(answer.file, answer.name ?? name);
      })
      .catch((reason: unknown) => {
        setError(reason instanceof Error ? reason : new Error(String(reason)));
      })
      .finally(() => {
        setIsLoading(false);
      });
  };
  return { isLoading, error, download };
}

function save(file: Blob, name: string): void {
  const url = URL.createObjectURL(file);
  const link = document.createElement('a');
  link.href = url;
  link.download = name;
  link.click();
  URL.revokeObjectURL(url);
}

/**
 * The WebSocket of `/api/billing/live`. It carries no figures to the page: a new data version starts the reads that are
 * on the screen, so that a figure has one source. Without a WebSocket, or while it is away, the page polls.
 */
const PROTOCOL = 'v1.live.billing.kube-dc.com';
const TOKEN_PREFIX = 'base64url.bearer.authorization.k8s.io.';
/** The server sends a heartbeat every 15 s. After this time without a message, the connection is lost. */
const SILENCE_MILLISECONDS = 40_000;
const LONGEST_WAIT_MILLISECONDS = 300_000;
/** Close codes of the API: access was lost, or the installation does not offer it. */
const WITHOUT_HOPE = new Set([4403, 4501]);
const MANY = 10;

export interface LiveOptions {
  /** Origin and prefix of the API. */
  baseUrl: string;
  getToken: () => Promise<string | null>;
  /** A new data version, or changes that may have been missed. Null: its version is not known. */
  onChange: (version: number | null) => void;
  /** The data version that was current when the connection began. */
  onCurrent?: (version: number) => void;
  onState: (isConnected: boolean) => void;
}

/** Connects, and connects again with a growing wait. Returns the function that ends it. */
export function connectLive(options: LiveOptions): () => void {
  let isOver = false;
  let socket: WebSocket | null = null;
  let timer: ReturnType<typeof setTimeout> | undefined;
  let failures = 0;
  let version: number | null = null;
  let budgets: string | null = null;

  const again = () => {
    options.onState(false);
    if (!isOver) {
      const wait = Math.min(LONGEST_WAIT_MILLISECONDS, 5000 * 2 ** failures) * (1 + Math.random() / 4);
      failures += 1;
      timer = setTimeout(() => void open(), wait);
    }
  };

  const watch = () => {
    clearTimeout(timer);
    timer = setTimeout(() => socket?.close(), SILENCE_MILLISECONDS);
  };

  const receive = (text: string) => {
    watch();
    const message = messageOf(text);
    if (message.type === 'subscribed') {
      failures = 0;
      options.onState(true);
    } else if (message.type === 'error') {
      socket?.close(); // such as not offered: the page polls
    } else if (message.type === 'resync' || areNewBudgets(message) || isNewVersion(message)) {
      options.onChange(message.data_version ?? version);
    }
  };

  /** Budgets come with the figures of each version, before complete_through. */
  const areNewBudgets = ({ type, budgets: sent }: Message): boolean => {
    if (type !== 'budget') {
      return false;
    }
    const text = JSON.stringify(sent);
    const isNew = budgets !== null && budgets !== text;
    budgets = text;
    return isNew;
  };

  const isNewVersion = ({ type, data_version: sent }: Message): boolean => {
    if (type !== 'complete_through' || sent === undefined) {
      return false;
    }
    const isNew = version !== null && version !== sent;
    if (version === null) {
      options.onCurrent?.(sent);
    }
    version = sent;
    budgets ??= ''; // there is none
    return isNew;
  };

  const open = async () => {
    const token = await options.getToken().catch(() => null);
    if (isOver) {
      return;
    }
    if (token === null) {
      again();
      return;
    }
    const opened = openSocket(options.baseUrl, token);
    if (opened === null) {
      failures = MANY;
      again();
      return;
    }
    socket = opened;
    watch();
    opened.onopen = () => {
      opened.send(JSON.stringify({ type: 'subscribe', organization: true }));
    };
    opened.onmessage = ({ data }) => {
      receive(String(data));
    };
    opened.onclose = ({ code }) => {
      clearTimeout(timer);
      if (WITHOUT_HOPE.has(code)) {
        failures = MANY;
      }
      again();
    };
  };

  if (typeof WebSocket === 'undefined') {
    return () => undefined; // such as in an embedded browser: the page polls
  }
  void open();
  return () => {
    isOver = true;
    clearTimeout(timer);
    socket?.close();
  };
}

/** Null: the browser or its policy refuses it. */
function openSocket(baseUrl: string, token: string): WebSocket | null {
  try {
    return new WebSocket(addressOf(baseUrl), [PROTOCOL, TOKEN_PREFIX + base64url(token)]);
  } catch {
    return null;
  }
}

interface Message {
  type?: string;
  data_version?: number;
  budgets?: unknown;
}

/** A message in another form is of a newer version of the API. */
function messageOf(text: string): Message {
  try {
    return (JSON.parse(text) as Message | null) ?? {};
  } catch {
    return {};
  }
}

export function addressOf(baseUrl: string): string {
  const url = new URL('api/billing/live', baseUrl.endsWith('/') ? baseUrl : `${baseUrl}/`);
  url.protocol = url.protocol === 'https:' ? 'wss:' : 'ws:';
  return url.href;
}

function base64url(text: string): string {
  return btoa(text).replaceAll('+', '-').replaceAll('/', '_').replace(/=+$/, '');
}

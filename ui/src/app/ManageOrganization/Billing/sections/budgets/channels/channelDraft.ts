/** The form of a channel and the body that it makes. A secret is never read back. */
import type { Schemas } from '../../../api/models';

export type Channel = Schemas['Channel'];
export type ChannelKind = Channel['target']['kind'];

export const KINDS: readonly ChannelKind[] = ['webhook', 'email', 'slack', 'teams', 'alertmanager'];
export const MOST_RECIPIENTS = 10;

/** The credentials that an Alertmanager can require. */
export const LOGINS = ['none', 'password', 'token'] as const;
export type Login = (typeof LOGINS)[number];

export interface ChannelDraft {
  name: string;
  enabled: boolean;
  kind: ChannelKind;
  url: string;
  /** Of a webhook, or the password or token of an Alertmanager. Empty: the stored one is kept. */
  secret: string;
  recipients: string;
  login: Login;
  username: string;
}

export const NEW_CHANNEL: ChannelDraft = {
  name: '',
  enabled: true,
  kind: 'webhook',
  url: '',
  secret: '',
  recipients: '',
  login: 'none',
  username: '',
};

export function draftOf({ name, enabled, target, secret_set }: Channel): ChannelDraft {
  const login = target.username !== undefined ? 'password' : secret_set ? 'token' : 'none';
  return {
    ...NEW_CHANNEL,
    name,
    enabled,
    kind: target.kind,
    url: target.url ?? '',
    recipients: target.recipients?.join('\n') ?? '',
    login: target.kind === 'alertmanager' ? login : 'none',
    username: target.username ?? '',
  };
}

/** `stored`: the channel that is changed. Its kind and its secret can stay. */
export function bodyOf(draft: ChannelDraft, stored: Channel | null): object {
  return { name: draft.name.trim(), enabled: draft.enabled, target: targetOf(draft, stored) };
}

function targetOf(draft: ChannelDraft, stored: Channel | null): object {
  const { kind } = draft;
  const url = draft.url.trim();
  switch (kind) {
    case 'email':
      return { kind, recipients: draft.recipients.split(/[\s,;]+/).filter(Boolean) };
    case 'slack':
    case 'teams':
      return { kind, ...given('url', url) };
    case 'webhook':
      return { kind, url, ...given('secret', draft.secret.trim()) };
    case 'alertmanager':
      return { kind, url, ...loginOf(draft, stored) };
  }
}

/** Another way to log in removes the secret of the way before: null. */
function loginOf({ login, username, secret }: ChannelDraft, stored: Channel | null): object {
  const before = stored === null ? 'none' : draftOf(stored).login;
  return {
    ...(login === 'password' && { username: username.trim(), ...given('password', secret.trim()) }),
    ...(login === 'token' && given('bearer_token', secret.trim())),
    ...(before === 'password' && login !== 'password' && { password: null }),
    ...(before === 'token' && login !== 'token' && { bearer_token: null }),
  };
}

function given(name: string, value: string): object {
  return value === '' ? {} : { [name]: value };
}

/** Whether the stored secret stays if none is entered: only where everything else of the target is the same. */
export function keepsSecret(draft: ChannelDraft, stored: Channel | null): boolean {
  if (!stored?.secret_set) {
    return false;
  }
  const before = draftOf(stored);
  const isSame =
    before.kind === draft.kind && before.login === draft.login && before.username === draft.username.trim();
  const hasSecretAddress = draft.kind === 'slack' || draft.kind === 'teams';
  return isSame && (hasSecretAddress || before.url === draft.url.trim());
}

/** A signing secret of Standard Webhooks: 32 random bytes. */
export function newSigningSecret(): string {
  const bytes = crypto.getRandomValues(new Uint8Array(32));
  return `whsec_${btoa(String.fromCharCode(...bytes))}`;
}

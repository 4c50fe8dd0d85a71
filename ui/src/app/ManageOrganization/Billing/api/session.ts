/** What the page needs of its surroundings to speak for a person. Tokens stay in memory. */
export interface BillingSession {
  /** The current access token, or null when there is none (any more). */
  getAccessToken: () => string | null;
  /** Gets a new access token without asking the person; null when that is not possible. */
  renewAccessToken: () => Promise<string | null>;
  /** Sends the person to the login page and back to the current view. */
  signIn: () => void;
}

/** What the page needs of its surroundings to speak for a person. Tokens stay in memory. */
export interface BillingSession {
  /** The current access token, or null when there is none (any more). */
  getAccessToken: () => Promise<string | null>;
  /**
   * Gets a new access token without asking the person; null when the session is over. Rejects when the identity
   * provider cannot be asked. Calls at the same time share one renewal: a refresh token is good for one use.
   */
  renewAccessToken: () => Promise<string | null>;
  /**
   * Sends the person to the login page and back to the current view. `automatic`: nobody pressed anything, so a
   * session that was only just opened stays where it is, lest a refused token goes round in circles.
   */
  signIn: (why: 'automatic' | 'asked') => void;
}

/** The session that the page needs for API calls. Tokens stay in memory. */
export interface BillingSession {
  /** The current access token, or null if there is none. */
  getAccessToken: () => Promise<string | null>;
  /**
   * Gets a new access token without an action of the user. Null if the session has ended. Rejects if the identity
   * provider is unavailable. Concurrent calls share one renewal, because a refresh token can be used once.
   */
  renewAccessToken: () => Promise<string | null>;
  /**
   * Sends the user to the login page and back to the current view. `automatic`: without an action of the user. A
   * session that was just opened is then not redirected, to avoid a redirect loop with a rejected token.
   */
  signIn: (why: 'automatic' | 'asked') => void;
}

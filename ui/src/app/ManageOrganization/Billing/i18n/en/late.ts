import explain from './explain.json';

/** The texts of the drawer, which are loaded with it. */
export default { explain };

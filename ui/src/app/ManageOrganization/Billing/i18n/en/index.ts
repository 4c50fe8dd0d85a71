import budgets from './budgets.json';
import common from './common.json';
import explore from './explore.json';
import overview from './overview.json';
import plan from './plan.json';
import projects from './projects.json';
import shell from './shell.json';
import statements from './statements.json';

export default { budgets, common, explore, overview, plan, projects, shell, statements };

import budgets from './budgets.json';
import charts from './charts.json';
import common from './common.json';
import errors from './errors.json';
import explore from './explore.json';
import overview from './overview.json';
import plan from './plan.json';
import projects from './projects.json';
import shell from './shell.json';
import statements from './statements.json';

export default { budgets, charts, common, errors, explore, overview, plan, projects, shell, statements };

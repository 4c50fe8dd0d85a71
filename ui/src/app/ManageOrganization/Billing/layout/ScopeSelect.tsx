import { FormSelect, FormSelectOption } from '@patternfly/react-core';
import { useTranslation } from 'react-i18next';
import { useLocation, useNavigate, useSearchParams } from 'react-router';

import { type Scope, useView, viewQuery } from '../address';
import type { ProjectList } from '../api/models';
import { useBilling } from '../BillingProvider';
import { useScopeName } from '../components/useScopeName';

/** The organization or one project. In the section Projects, a project is a separate page. */
export function ScopeSelect({ list }: { list: ProjectList | undefined }) {
  const { t } = useTranslation();
  const { scope, setView } = useView();
  const goToProject = useProjectsNavigation();
  const names = list?.projects.map(({ namespace }) => namespace).sort() ?? [];
  const chosen = scope.kind === 'project' ? scope.namespace : '';
  const choose = (namespace: string) => {
    const next: Scope = namespace === '' ? { kind: 'organization' } : { kind: 'project', namespace };
    if (!goToProject(next)) {
      setView({ scope: next });
    }
  };
  const all = useScopeName(list);
  return (
    <FormSelect
      className="billing-scope"
      aria-label={t('scope')}
      value={chosen}
      onChange={(_event, value) => {
        choose(value);
      }}
    >
      <FormSelectOption value="" label={all} />
      {[...new Set(chosen === '' ? names : [...names, chosen])].map((name) => (
        <FormSelectOption key={name} value={name} label={name} />
      ))}
    </FormSelect>
  );
}

/** Goes to the page of the project, or to the list of projects. False in the other sections. */
function useProjectsNavigation(): (scope: Scope) => boolean {
  const { basePath } = useBilling();
  const { pathname } = useLocation();
  const [params] = useSearchParams();
  const navigate = useNavigate();
  return (scope) => {
    if (!pathname.startsWith(`${basePath}projects`)) {
      return false;
    }
    const page = scope.kind === 'project' ? `projects/${scope.namespace}` : 'projects';
    const search = viewQuery(params, { scope: { kind: 'organization' } }).toString();
    void navigate({ pathname: basePath + page, search });
    return true;
  };
}

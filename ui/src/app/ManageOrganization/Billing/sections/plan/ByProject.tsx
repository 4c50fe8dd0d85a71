import { Button, Content } from '@patternfly/react-core';
import { Table, Tbody, Td, Th, Thead, Tr } from '@patternfly/react-table';
import { useTranslation } from 'react-i18next';

import { useView } from '../../address';
import { formatAbout } from '../../figures';
import { unitName } from '../../quantities';
import { TableCard } from '../TableCard';
import { type Dimension, dimensionTitle, isKnown, keyOf } from './planData';
import { PoolFigure } from './PoolFigure';

/** A row for each project, a column for each dimension. In the scope of a project, only that one. */
export function ByProject({ dimensions }: { dimensions: readonly Dimension[] }) {
  const { t } = useTranslation('plan');
  const { scope, setView } = useView();
  const shown = dimensions.filter(isKnown);
  const all = [...new Set(shown.flatMap(({ projects }) => projects.map(({ namespace }) => namespace)))].sort();
  const namespaces = scope.kind === 'project' ? all.filter((one) => one === scope.namespace) : all;
  return (
    <TableCard title={t('byProject')} hint={t('byProjectHint')}>
      {scope.kind === 'project' && (
        <Content component="p">
          {t('onlyProject', { namespace: scope.namespace })}{' '}
          <Button
            variant="link"
            isInline
            onClick={() => {
              setView({ scope: { kind: 'organization' } });
            }}
          >
            {t('showAllProjects')}
          </Button>
        </Content>
      )}
      {namespaces.length === 0 ? t('noProjects') : <ProjectTable dimensions={shown} namespaces={namespaces} />}
    </TableCard>
  );
}

function ProjectTable({ dimensions, namespaces }: { dimensions: readonly Dimension[]; namespaces: readonly string[] }) {
  const { t } = useTranslation(['plan', 'common']);
  return (
    <Table aria-label={t('byProject')} variant="compact" className="billing-dimensions" gridBreakPoint="grid-md">
      <Thead>
        <Tr>
          <Th>{t('common:project')}</Th>
          {dimensions.map((dimension) => (
            <Th key={keyOf(dimension)} className="billing-number" modifier="wrap">
              {dimensionTitle(t, dimension.dimension, dimension.profile)}
              <Content component="small">{unitName(dimension.unit)}</Content>
            </Th>
          ))}
        </Tr>
      </Thead>
      <Tbody>
        {namespaces.map((namespace) => (
          <Tr key={namespace}>
            <Td dataLabel={t('common:project')} modifier="breakWord">
              {namespace}
            </Td>
            {dimensions.map((dimension) => (
              <ProjectCell key={keyOf(dimension)} dimension={dimension} namespace={namespace} />
            ))}
          </Tr>
        ))}
      </Tbody>
    </Table>
  );
}

function ProjectCell({ dimension, namespace }: { dimension: Dimension; namespace: string }) {
  const { t } = useTranslation(['plan', 'common']);
  const project = dimension.projects.find((one) => one.namespace === namespace);
  const title = dimensionTitle(t, dimension.dimension, dimension.profile);
  return (
    <Td dataLabel={title} className="billing-number">
      {project?.requested == null ? (
        t('common:unknown')
      ) : (
        <PoolFigure dimension={dimension} name={namespace}>
          {formatAbout(project.requested)}
        </PoolFigure>
      )}
      {project?.used != null && project.used !== project.requested && (
        <Content component="small">{t('usedOf', { used: formatAbout(project.used) })}</Content>
      )}
      {project?.limit != null && (
        <Content component="small">{t('projectLimit', { limit: formatAbout(project.limit) })}</Content>
      )}
    </Td>
  );
}

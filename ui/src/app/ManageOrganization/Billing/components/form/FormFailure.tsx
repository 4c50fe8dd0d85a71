import { AlertActionLink, List, ListItem } from '@patternfly/react-core';
import { useEffect, useRef } from 'react';
import { useTranslation } from 'react-i18next';

import { Alert } from '../Alert';
import type { ApiError } from '../../api/errors';
import { errorTextWithRequest } from '../../api/errorText';
import { errorsElsewhere, fieldErrorsOf } from './fields';
import { MistakeText } from './MistakeText';

interface FormFailureProps {
  error: ApiError | null;
  /** JSON pointers of the form's fields. They show their own errors. */
  pointers: readonly string[];
  /** Reads the newest version into the form. It is offered after another change (412). */
  onLoadAgain?: () => void;
  /** The form sends a request that saves nothing. */
  isQuestion?: boolean;
}

/** Why the form was not accepted. It gets the focus, so that a screen reader reads it first. */
export function FormFailure({ error, pointers, onLoadAgain, isQuestion = false }: FormFailureProps) {
  const { t } = useTranslation();
  const box = useRef<HTMLDivElement>(null);
  useEffect(() => {
    if (error !== null) {
      box.current?.focus();
    }
  }, [error]);
  if (error === null) {
    return null;
  }
  const isChanged = error.status === 412;
  const elsewhere = errorsElsewhere(fieldErrorsOf(error), pointers);
  return (
    <div ref={box} tabIndex={-1}>
      <Alert
        isInline
        isLiveRegion
        variant={isChanged ? 'warning' : 'danger'}
        title={t(isChanged ? 'formChangedTitle' : isQuestion ? 'formNotAnswered' : 'formNotSaved')}
        component="p"
        {...(isChanged &&
          onLoadAgain !== undefined && {
            actionLinks: <AlertActionLink onClick={onLoadAgain}>{t('formLoadAgain')}</AlertActionLink>,
          })}
      >
        <Reason error={error} />
        {elsewhere.length > 0 && (
          <List>
            {elsewhere.map(([at, mistake]) => (
              <ListItem key={at} className="billing-break">
                {at !== '' && `${at}: `}
                <MistakeText mistakes={[mistake]} />
              </ListItem>
            ))}
          </List>
        )}
      </Alert>
    </div>
  );
}

function Reason({ error }: { error: ApiError }) {
  const { t } = useTranslation();
  const key = reasonOf(error);
  return key === null ? errorTextWithRequest(error) : t(key);
}

function reasonOf(error: ApiError) {
  if (error.status === 412) {
    return 'formChangedBody';
  }
  switch (error.kind) {
    case 'invalid':
      return fieldErrorsOf(error).size === 0 ? null : 'formInvalid';
    case 'offline':
      return 'formOffline';
    case 'unreachable':
    case 'timeout':
    case 'unavailable':
      return 'formUnavailable';
    case 'unauthorized':
      return 'formExpired';
    case 'admin':
    case 'guest':
    case 'forbidden':
      return 'formDenied';
    default:
      return error.code === 'not_found' ? 'formGone' : null;
  }
}

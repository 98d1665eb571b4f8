-- Why a webhook is disabled: its owner wished it, or its receiver answered that it is gone (410).

ALTER TABLE webhooks ADD COLUMN disabled_reason TEXT CHECK (disabled_reason IN ('owner', 'gone'));
UPDATE webhooks SET disabled_reason = 'owner' WHERE disabled_at IS NOT NULL;

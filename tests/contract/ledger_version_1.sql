BEGIN TRANSACTION;
CREATE TABLE batches (
	model VARCHAR(63) NOT NULL, 
	digest VARCHAR(64) NOT NULL, 
	ordinal INTEGER NOT NULL, 
	batch_id TEXT NOT NULL, 
	rows INTEGER NOT NULL, 
	period_start DATETIME, 
	period_end DATETIME, 
	path TEXT NOT NULL, 
	status VARCHAR(16) NOT NULL, 
	document JSON, 
	started_at DATETIME NOT NULL, 
	finished_at DATETIME, 
	CONSTRAINT pk_batches PRIMARY KEY (model, digest), 
	CONSTRAINT uq_batches_model_ordinal UNIQUE (model, ordinal), 
	CONSTRAINT fk_batches_model FOREIGN KEY(model) REFERENCES models (name)
);
INSERT INTO "batches" VALUES('flights','0000000000000000000000000000000000000000000000000000000000000001',0,'batch_1',100,'2013-01-01 00:00:00.000000','2013-01-15 23:59:59.000005','/data/batch_1.parquet','handled','{"drift": null}','2013-02-01 12:00:00.000000','2013-02-01 12:00:00.000000');
CREATE TABLE challengers (
	sequence INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT, 
	model VARCHAR(63) NOT NULL, 
	version INTEGER NOT NULL, 
	run_id VARCHAR(64) NOT NULL, 
	digest VARCHAR(64) NOT NULL, 
	champion INTEGER NOT NULL, 
	evidence JSON NOT NULL, 
	kept_at DATETIME NOT NULL, 
	closed_at DATETIME, 
	CONSTRAINT fk_challengers_model FOREIGN KEY(model) REFERENCES models (name)
);
CREATE TABLE decisions (
	sequence INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT, 
	id VARCHAR(128) NOT NULL, 
	model VARCHAR(63) NOT NULL, 
	batch_digest VARCHAR(64) NOT NULL, 
	decision JSON NOT NULL, 
	inputs JSON NOT NULL, 
	at DATETIME NOT NULL, 
	CONSTRAINT uq_decisions_id UNIQUE (id), 
	CONSTRAINT fk_decisions_model FOREIGN KEY(model) REFERENCES models (name)
);
INSERT INTO "decisions" VALUES(1,'d1','flights','0000000000000000000000000000000000000000000000000000000000000001','{"id": "d1", "action": "retrain", "reasons": [{"signal": "log_loss", "column": null, "observed": 0.71, "threshold": 0.55, "text": "worse than promised"}], "blocked": [{"signal": "skew", "column": "temp", "observed": "12 of 40", "threshold": null, "text": "values differ"}]}','{}','2013-02-01 12:00:00.000000');
CREATE TABLE label_batches (
	model VARCHAR(63) NOT NULL, 
	digest VARCHAR(64) NOT NULL, 
	batch_digest VARCHAR(64) NOT NULL, 
	CONSTRAINT pk_label_batches PRIMARY KEY (model, digest, batch_digest), 
	CONSTRAINT fk_label_batches_model_digest FOREIGN KEY(model, digest) REFERENCES labels (model, digest), 
	CONSTRAINT fk_label_batches_model_batch_digest FOREIGN KEY(model, batch_digest) REFERENCES batches (model, digest)
);
CREATE TABLE labels (
	model VARCHAR(63) NOT NULL, 
	digest VARCHAR(64) NOT NULL, 
	path TEXT NOT NULL, 
	document JSON NOT NULL, 
	recorded_at DATETIME NOT NULL, 
	CONSTRAINT pk_labels PRIMARY KEY (model, digest), 
	CONSTRAINT fk_labels_model FOREIGN KEY(model) REFERENCES models (name)
);
CREATE TABLE models (
	name VARCHAR(63) NOT NULL, 
	CONSTRAINT pk_models PRIMARY KEY (name)
);
INSERT INTO "models" VALUES('flights');
CREATE TABLE promotions (
	sequence INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT, 
	id VARCHAR(128) NOT NULL, 
	model VARCHAR(63) NOT NULL, 
	kind VARCHAR(16) NOT NULL, 
	version INTEGER NOT NULL, 
	run_id VARCHAR(64) NOT NULL, 
	digest VARCHAR(64) NOT NULL, 
	previous INTEGER, 
	reason TEXT NOT NULL, 
	done BOOLEAN NOT NULL, 
	intended_at DATETIME NOT NULL, 
	done_at DATETIME, 
	CONSTRAINT uq_promotions_id UNIQUE (id), 
	CONSTRAINT fk_promotions_model FOREIGN KEY(model) REFERENCES models (name)
);
INSERT INTO "promotions" VALUES(1,'p1','flights','install',1,'run-1','0000000000000000000000000000000000000000000000000000000000000001',NULL,'better on the same rows',1,'2013-02-01 12:00:00.000000','2013-02-01 12:00:00.000000');
CREATE TABLE schema_version (
	version INTEGER NOT NULL, 
	CONSTRAINT pk_schema_version PRIMARY KEY (version)
);
INSERT INTO "schema_version" VALUES(1);
CREATE TABLE shadows (
	model VARCHAR(63) NOT NULL, 
	champion INTEGER NOT NULL, 
	look INTEGER NOT NULL, 
	challenger INTEGER, 
	report JSON NOT NULL, 
	at DATETIME NOT NULL, 
	CONSTRAINT pk_shadows PRIMARY KEY (model, champion, look), 
	CONSTRAINT fk_shadows_model FOREIGN KEY(model) REFERENCES models (name)
);
INSERT INTO "shadows" VALUES('flights',1,1,0,'{"verdict": "extend"}','2013-02-01 12:00:00.000000');
CREATE INDEX ix_decisions_model ON decisions (model);
CREATE INDEX ix_promotions_model ON promotions (model);
CREATE UNIQUE INDEX uq_challengers_open ON challengers (model) WHERE closed_at IS NULL;
DELETE FROM "sqlite_sequence";
INSERT INTO "sqlite_sequence" VALUES('decisions',1);
INSERT INTO "sqlite_sequence" VALUES('promotions',1);
COMMIT;

BEGIN TRANSACTION;
CREATE TABLE decisions (
	id INTEGER NOT NULL, 
	account TEXT NOT NULL, 
	strategy TEXT NOT NULL, 
	timeframe TEXT NOT NULL, 
	symbols TEXT NOT NULL, 
	bar_ms BIGINT NOT NULL, 
	status TEXT NOT NULL, 
	attempt INTEGER NOT NULL, 
	created_ms BIGINT NOT NULL, 
	revision INTEGER NOT NULL, 
	PRIMARY KEY (id), 
	UNIQUE (account, strategy, timeframe, symbols, bar_ms)
);
INSERT INTO "decisions" VALUES(1,'sim','plan','1h','BTC/USDT',3600000,'done',0,7200005,9);
INSERT INTO "decisions" VALUES(2,'sim','plan','1h','ETH/USDT:USDT',7200000,'done',0,10800005,16);
INSERT INTO "decisions" VALUES(3,'sim','plan','1h','BTC/USDT',10800000,'deciding',0,14400005,17);
CREATE TABLE equity (
	ts_ms BIGINT NOT NULL, 
	strategy TEXT NOT NULL, 
	wallet TEXT NOT NULL, 
	equity TEXT NOT NULL, 
	cash TEXT NOT NULL, 
	revision INTEGER NOT NULL, 
	PRIMARY KEY (ts_ms, strategy, wallet)
);
INSERT INTO "equity" VALUES(7200000,'plan','spot','9999.1','5999',8);
INSERT INTO "equity" VALUES(10800000,'plan','contracts','9999.1','5999',15);
CREATE TABLE fills (
	symbol TEXT NOT NULL, 
	fill_id TEXT NOT NULL, 
	client_id TEXT, 
	venue_order_id TEXT NOT NULL, 
	side TEXT NOT NULL, 
	price TEXT NOT NULL, 
	quantity TEXT NOT NULL, 
	fee TEXT NOT NULL, 
	fee_asset TEXT NOT NULL, 
	ts_ms BIGINT NOT NULL, 
	maker BOOLEAN NOT NULL, 
	revision INTEGER NOT NULL, 
	PRIMARY KEY (symbol, fill_id), 
	FOREIGN KEY(client_id) REFERENCES orders (client_id)
);
INSERT INTO "fills" VALUES('BTC/USDT','f0','xq-0','0','buy','40000.5','0.10','1.6','USDT',7200020,0,7);
INSERT INTO "fills" VALUES('ETH/USDT:USDT','f1','xq-1','1','sell','40000.5','0.10','1.6','USDT',10800020,0,14);
INSERT INTO "fills" VALUES('BTC/USDT','foreign',NULL,'99','sell','41000','0.02','0.8','USDT',14400009,0,21);
CREATE TABLE meta (
	name TEXT NOT NULL, 
	value TEXT NOT NULL, 
	PRIMARY KEY (name)
);
INSERT INTO "meta" VALUES('version','1');
INSERT INTO "meta" VALUES('account','sim');
INSERT INTO "meta" VALUES('revision','21');
INSERT INTO "meta" VALUES('mirrored','0');
INSERT INTO "meta" VALUES('opening:BTC/USDT','5 0.5');
INSERT INTO "meta" VALUES('leverage:ETH/USDT:USDT','2');
CREATE TABLE moves (
	id INTEGER NOT NULL, 
	client_id TEXT NOT NULL, 
	"before" TEXT NOT NULL, 
	"after" TEXT NOT NULL, 
	at_ms BIGINT NOT NULL, 
	reason TEXT NOT NULL, 
	PRIMARY KEY (id), 
	FOREIGN KEY(client_id) REFERENCES orders (client_id)
);
INSERT INTO "moves" VALUES(1,'xq-0','intent','filled',7200030,'the venue says so');
INSERT INTO "moves" VALUES(2,'xq-1','intent','filled',10800030,'the venue says so');
INSERT INTO "moves" VALUES(3,'xq-2','intent','unknown',14400009,'no answer');
CREATE TABLE orders (
	client_id TEXT NOT NULL, 
	decision_id INTEGER NOT NULL, 
	symbol TEXT NOT NULL, 
	leg TEXT NOT NULL, 
	side TEXT NOT NULL, 
	type TEXT NOT NULL, 
	quantity TEXT NOT NULL, 
	reduce_only BOOLEAN NOT NULL, 
	expected_price TEXT NOT NULL, 
	position_before TEXT NOT NULL, 
	state TEXT NOT NULL, 
	venue_id TEXT, 
	filled TEXT NOT NULL, 
	average_price TEXT, 
	code TEXT, 
	reason TEXT NOT NULL, 
	venue_ms BIGINT NOT NULL, 
	created_ms BIGINT NOT NULL, 
	revision INTEGER NOT NULL, 
	PRIMARY KEY (client_id), 
	FOREIGN KEY(decision_id) REFERENCES decisions (id)
);
INSERT INTO "orders" VALUES('xq-0',1,'BTC/USDT','open','buy','market','0.10',0,'40000','0','filled','0','0.10','40000.5',NULL,'',7200000,7200006,6);
INSERT INTO "orders" VALUES('xq-1',2,'ETH/USDT:USDT','open','sell','market','0.10',0,'40000','0','filled','1','0.10','40000.5',NULL,'',10800000,10800006,13);
INSERT INTO "orders" VALUES('xq-2',3,'BTC/USDT','open','sell','market','0.10',0,'40000','0','unknown',NULL,'0',NULL,'-1007','no answer',14400000,14400006,20);
CREATE TABLE signals (
	decision_id INTEGER NOT NULL, 
	symbol TEXT NOT NULL, 
	weight FLOAT NOT NULL, 
	close TEXT NOT NULL, 
	position TEXT NOT NULL, 
	target TEXT NOT NULL, 
	reached BOOLEAN NOT NULL, 
	note TEXT NOT NULL, 
	revision INTEGER NOT NULL, 
	PRIMARY KEY (decision_id, symbol), 
	FOREIGN KEY(decision_id) REFERENCES decisions (id)
);
INSERT INTO "signals" VALUES(1,'BTC/USDT',0.1,'40000.10','0','0.10',1,'so',4);
INSERT INTO "signals" VALUES(2,'ETH/USDT:USDT',0.1,'40000.10','0','0.10',1,'so',11);
INSERT INTO "signals" VALUES(3,'BTC/USDT',0.1,'40000.10','0','0.10',0,'so',18);
CREATE INDEX ix_orders_venue_id ON orders (venue_id);
CREATE INDEX ix_orders_state ON orders (state);
COMMIT;

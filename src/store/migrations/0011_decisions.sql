-- A thread's decisions are chained backwards from its newest, as its messages and events are: to explain
-- one no other thread's are gone through.
ALTER TABLE decision ADD COLUMN prev_n INTEGER;
ALTER TABLE thread ADD COLUMN last_decision_n INTEGER;
UPDATE decision SET prev_n = chain.prev_n FROM
	(SELECT n, LAG(n) OVER (PARTITION BY thread_n ORDER BY n) AS prev_n FROM decision) AS chain
	WHERE chain.n = decision.n;
UPDATE thread SET last_decision_n = chain.last_n FROM
	(SELECT thread_n, MAX(n) AS last_n FROM decision GROUP BY thread_n) AS chain
	WHERE chain.thread_n = thread.n;

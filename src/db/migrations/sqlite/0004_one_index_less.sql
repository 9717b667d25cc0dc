-- A project's members lie together by the key of the table, and a page of them is sorted when it is read. The index that
-- kept them in order cost every membership one more page to write, at a place of its own.
DROP INDEX members_in_order;

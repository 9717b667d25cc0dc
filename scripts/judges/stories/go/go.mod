module example.test/story

go 1.23

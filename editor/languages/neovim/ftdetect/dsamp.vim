autocmd BufRead,BufNewFile *.dsamp setfiletype dsamp

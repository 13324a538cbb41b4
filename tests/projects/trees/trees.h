int trees(void);

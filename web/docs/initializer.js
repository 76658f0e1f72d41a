// In a file of its own: the content security policy of this page allows no scripts inside it.
SwaggerUIBundle({
  url: "/api/openapi.json",
  dom_id: "#swagger-ui",
  deepLinking: true,
  // Else Swagger UI shows the document to a server of its makers.
  validatorUrl: null,
  // Tokens stay in this tab.
  persistAuthorization: false,
});

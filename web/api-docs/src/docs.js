// No validator badge and no remote configuration: both would call a foreign host.
window.SwaggerUIBundle({ url: '/openapi.json', dom_id: '#api', validatorUrl: null, queryConfigEnabled: false, deepLinking: true })

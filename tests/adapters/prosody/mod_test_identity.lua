-- Stands in for mod_auth_token: the resource that somebody asks for is the id in their JWT.
module:hook("resource-bind", function (event)
	event.session.jitsi_meet_context_user = {
		id = event.session.resource;
		name = "Ana Example";
		email = "ana@clinic.example";
	};
end);

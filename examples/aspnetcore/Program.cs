// An ordinary minimal ASP.NET Core app. It knows nothing of Sluice: the IIS integration that every
// default builder contains does the rest, and it runs from the web.config that `dotnet publish` writes.
using System.Net.WebSockets;

var app = WebApplication.CreateBuilder(args).Build();

app.UseWebSockets();

app.MapGet("/", (HttpContext context) => new
{
    program = "ASP.NET Core",
    version = Environment.Version.ToString(),
    pid = Environment.ProcessId,
    scheme = context.Request.Scheme,
    host = context.Request.Host.Value,
    pathBase = context.Request.PathBase.Value,
    path = context.Request.Path.Value,
    remote = context.Connection.RemoteIpAddress?.ToString(),
});

app.MapPost("/echo", async (HttpRequest request, HttpResponse response) =>
{
    response.ContentType = request.ContentType ?? "application/octet-stream";
    await request.Body.CopyToAsync(response.Body);
});

app.MapGet("/ws", async (HttpContext context) =>
{
    if (!context.WebSockets.IsWebSocketRequest)
    {
        context.Response.StatusCode = StatusCodes.Status400BadRequest;
        return;
    }
    using var socket = await context.WebSockets.AcceptWebSocketAsync();
    var buffer = new byte[16 * 1024];
    while (true)
    {
        var received = await socket.ReceiveAsync(buffer, context.RequestAborted);
        if (received.MessageType == WebSocketMessageType.Close)
        {
            await socket.CloseAsync(WebSocketCloseStatus.NormalClosure, null, context.RequestAborted);
            return;
        }
        await socket.SendAsync(buffer.AsMemory(0, received.Count), received.MessageType, received.EndOfMessage, context.RequestAborted);
    }
});

app.Run();

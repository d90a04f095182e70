// What an ASP.NET Core app itself sees of its requests. Compiled into every app of these tests beside a
// Program.cs that stays as `dotnet new` wrote it, except for the one line `app.UseSeen();`.
// It knows nothing of Sluice and works with every kind of host builder.
using System.Net.WebSockets;
using System.Text.Json;

public static class Seen
{
    static int held, aborted;

    public static IApplicationBuilder UseSeen(this IApplicationBuilder app)
    {
        app.UseWebSockets();
        return app.Use((HttpContext context, RequestDelegate next) => Place(context) switch
        {
            "/seen" => Json(context, Request(context)),
            "/seen/environment" => Json(context, Variables()),
            "/seen/counts" => Json(context, new Dictionary<string, object?> { ["held"] = held, ["aborted"] = aborted }),
            "/seen/hold" => Hold(context),
            "/seen/late" => Late(context),
            "/seen/count" => Count(context),
            "/seen/ignore" => Json(context, new Dictionary<string, object?> { ["ignored"] = true }),
            "/seen/ws" => Echo(context),
            _ => next(context),
        });
    }

    /// Apps without the IIS integration know no path base: theirs is still in front.
    static string Place(HttpContext context)
    {
        var path = context.Request.Path.Value ?? "";
        return path.IndexOf("/seen", StringComparison.Ordinal) is var at and >= 0 ? path[at..] : path;
    }

    static Dictionary<string, object?> Request(HttpContext context)
    {
        var request = context.Request;
        return new()
        {
            ["pid"] = Environment.ProcessId,
            ["method"] = request.Method,
            ["scheme"] = request.Scheme,
            ["host"] = request.Host.Value,
            ["pathBase"] = request.PathBase.Value,
            ["path"] = request.Path.Value,
            ["query"] = request.QueryString.Value,
            ["remoteAddress"] = context.Connection.RemoteIpAddress?.ToString(),
            ["remotePort"] = context.Connection.RemotePort,
            ["headers"] = request.Headers.ToDictionary(one => one.Key.ToLowerInvariant(), one => one.Value.ToString()),
        };
    }

    static Dictionary<string, object?> Variables()
    {
        var all = Environment.GetEnvironmentVariables();
        var found = all.Keys.Cast<string>().Order().ToDictionary(name => name, name => (object?)all[name]);
        found["."] = Environment.CurrentDirectory;
        return found;
    }

    static async Task Json(HttpContext context, Dictionary<string, object?> value)
    {
        var body = JsonSerializer.SerializeToUtf8Bytes(value);
        context.Response.ContentType = "application/json";
        context.Response.ContentLength = body.Length;
        await context.Response.Body.WriteAsync(body);
    }

    /// Answers never: runs until the client has gone.
    static async Task Hold(HttpContext context)
    {
        Interlocked.Increment(ref held);
        try
        {
            await Task.Delay(Timeout.Infinite, context.RequestAborted);
        }
        catch (OperationCanceledException)
        {
            Interlocked.Increment(ref aborted);
        }
    }

    /// A request that is complete long before its answer.
    static async Task Late(HttpContext context)
    {
        await context.Request.Body.CopyToAsync(Stream.Null);
        await Task.Delay(1500, context.RequestAborted);
        await Json(context, new() { ["late"] = true });
    }

    static async Task Count(HttpContext context)
    {
        long bytes = 0;
        var buffer = new byte[64 * 1024];
        for (int read; (read = await context.Request.Body.ReadAsync(buffer)) > 0;) bytes += read;
        await Json(context, new() { ["bytes"] = bytes });
    }

    static async Task Echo(HttpContext context)
    {
        if (!context.WebSockets.IsWebSocketRequest)
        {
            context.Response.StatusCode = 400;
            return;
        }
        using var socket = await context.WebSockets.AcceptWebSocketAsync();
        var buffer = new byte[16 * 1024];
        while (true)
        {
            var received = await socket.ReceiveAsync(buffer, context.RequestAborted);
            if (received.MessageType == WebSocketMessageType.Close)
            {
                await socket.CloseAsync(received.CloseStatus ?? WebSocketCloseStatus.NormalClosure, received.CloseStatusDescription, CancellationToken.None);
                return;
            }
            await socket.SendAsync(buffer.AsMemory(0, received.Count), received.MessageType, received.EndOfMessage, context.RequestAborted);
        }
    }
}

// One app for everything that templates do not show; its first argument says what kind of app it is.
// None of them is written for Sluice: each is what people write, or write by mistake.
using System.Net;
using Microsoft.AspNetCore.SignalR;

var kind = args.FirstOrDefault() ?? "hub";
var rest = args.Skip(1).ToArray();
const string ownUrl = "http://127.0.0.1:0";

switch (kind)
{
    case "hub":
    {
        var builder = WebApplication.CreateBuilder(rest);
        builder.Services.AddSignalR();
        var app = builder.Build();
        app.UseSeen();
        app.MapHub<Chat>("/hub");
        app.Run();
        break;
    }
    case "grpc":
    {
        var app = WebApplication.CreateBuilder(rest).Build();
        app.UseSeen();
        app.UseGrpcByHand();
        app.Run();
        break;
    }
    // An address in code wins over the module's port in minimal hosting ...
    case "run-url":
    {
        var app = WebApplication.CreateBuilder(rest).Build();
        app.UseSeen();
        app.Run(ownUrl);
        break;
    }
    case "urls-add":
    {
        var app = WebApplication.CreateBuilder(rest).Build();
        app.UseSeen();
        app.Urls.Add(ownUrl);
        app.Run();
        break;
    }
    case "use-urls":
    {
        var builder = WebApplication.CreateBuilder(rest);
        builder.WebHost.UseUrls(ownUrl);
        var app = builder.Build();
        app.UseSeen();
        app.Run();
        break;
    }
    case "prefer-code":
    {
        var builder = WebApplication.CreateBuilder(rest);
        builder.WebHost.ConfigureKestrel(kestrel => kestrel.Listen(IPAddress.Loopback, 0));
        builder.WebHost.PreferHostingUrls(false);
        var app = builder.Build();
        app.UseSeen();
        app.Run();
        break;
    }
    // ... and loses here.
    case "classic-use-urls":
        Host.CreateDefaultBuilder(rest)
            .ConfigureWebHostDefaults(web => web.UseUrls(ownUrl).Configure(app => app.UseSeen()))
            .Build()
            .Run();
        break;
    case "code-endpoints":
    {
        var builder = WebApplication.CreateBuilder(rest);
        builder.WebHost.ConfigureKestrel(kestrel => kestrel.Listen(IPAddress.Loopback, 0));
        var app = builder.Build();
        app.UseSeen();
        app.Run();
        break;
    }
    case "throws":
    {
        var app = WebApplication.CreateBuilder(rest).Build();
        app.UseSeen();
        throw new InvalidOperationException("the database of the shop is not configured");
    }
    case "startup-throws":
        Host.CreateDefaultBuilder(rest).ConfigureWebHostDefaults(web => web.UseStartup<BrokenStartup>()).Build().Run();
        break;
    case "slim":
    {
        var app = WebApplication.CreateSlimBuilder(rest).Build();
        app.UseSeen();
        app.Run();
        break;
    }
    case "empty":
    {
        var builder = WebApplication.CreateEmptyBuilder(new() { Args = rest });
        builder.WebHost.UseKestrelCore();
        var app = builder.Build();
        app.UseSeen();
        app.Run();
        break;
    }
    // Neither IIS integration nor configuration of its own: HOSTINGSTARTUPASSEMBLIES brings the first.
    case "bare":
#pragma warning disable ASPDEPR004, ASPDEPR008
        new WebHostBuilder().UseKestrel().Configure(app => app.UseSeen()).Build().Run();
#pragma warning restore ASPDEPR004, ASPDEPR008
        break;
    default:
        Console.Error.WriteLine($"no such kind: {kind}");
        return 2;
}
return 0;

sealed class BrokenStartup
{
    public void ConfigureServices(IServiceCollection services) { }

    public void Configure(IApplicationBuilder app) => throw new InvalidOperationException("Configure does not work");
}

sealed class Chat : Hub
{
    public string Echo(string text) => text;

    public Task Say(string text) => Clients.All.SendAsync("said", text);

    public Dictionary<string, object?> WhoAmI()
    {
        var http = Context.GetHttpContext();
        return new()
        {
            ["scheme"] = http?.Request.Scheme,
            ["pathBase"] = http?.Request.PathBase.Value,
            ["remoteAddress"] = http?.Connection.RemoteIpAddress?.ToString(),
        };
    }

    public async IAsyncEnumerable<int> CountTo(int last)
    {
        for (var n = 1; n <= last; n++)
        {
            yield return n;
            await Task.Yield();
        }
    }
}

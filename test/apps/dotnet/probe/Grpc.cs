// gRPC over Kestrel by hand, for the machine that has no packages of it: messages are plain bytes behind the
// five bytes of the wire format, the status stands in the trailers. The methods are those of more-frameworks/grpc.
using System.Buffers.Binary;
using System.Globalization;
using System.Text;
using System.Text.Json;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.AspNetCore.Server.Kestrel.Core.Features;

public static class Grpc
{
    static int held, cancelled, written;

    public static IApplicationBuilder UseGrpcByHand(this IApplicationBuilder app) =>
        app.Use((HttpContext context, RequestDelegate next) =>
            (context.Request.ContentType ?? "").StartsWith("application/grpc", StringComparison.Ordinal) ? Call(context) : next(context));

    static async Task Call(HttpContext context)
    {
        // As the package does for calls whose client streams.
        if (context.Features.Get<IHttpMinRequestBodyDataRateFeature>() is { } rate) rate.MinDataRate = null;
        if (context.Features.Get<IHttpMaxRequestBodySizeFeature>() is { IsReadOnly: false } size) size.MaxRequestBodySize = null;
        context.Response.ContentType = "application/grpc";
        using var ended = CancellationTokenSource.CreateLinkedTokenSource(context.RequestAborted);
        if (Deadline(context.Request) is { } left) ended.CancelAfter(left);
        try
        {
            await Method(context, ended.Token);
        }
        catch (OperationCanceledException) when (!context.RequestAborted.IsCancellationRequested)
        {
            context.Response.AppendTrailer("grpc-status", "4");
        }
        catch (Exception) when (context.RequestAborted.IsCancellationRequested)
        {
            // The client has gone.
        }
    }

    static async Task Method(HttpContext context, CancellationToken ended)
    {
        var (request, response) = (context.Request, context.Response);
        switch (request.Path.Value?.Split('/')[^1])
        {
            case "Unary":
            {
                var message = await Read(request, ended) ?? [];
                response.Headers["x-initial"] = request.Headers["x-in"];
                await Write(response, message, ended);
                break;
            }
            case "Describe":
            {
                await Read(request, ended);
                var binary = request.Headers["in-bin"].Select(one => Convert.ToHexStringLower(FromBase64(one ?? "")));
                await Write(response, Json(new() { ["held"] = held, ["cancelled"] = cancelled, ["written"] = written,
                    ["pid"] = Environment.ProcessId, ["binary"] = binary, ["hasDeadline"] = Deadline(request) is not null,
                    ["path"] = request.Path.Value }), ended);
                break;
            }
            case "Deny":
                response.Headers["grpc-status"] = "7";
                response.Headers["grpc-message"] = "nicht f%C3%BCr dich: 50 %25";
                response.Headers["x-trailing"] = "seen last";
                response.Headers["sum-bin"] = "AAH+/w";
                return;
            case "Hold":
                await Hold(request, ended);
                break;
            case "Collect":
            {
                int messages = 0, bytes = 0;
                while (await Read(request, ended) is { } message) (messages, bytes) = (messages + 1, bytes + message.Length);
                await Write(response, Json(new() { ["messages"] = messages, ["bytes"] = bytes }), ended);
                break;
            }
            case "Count":
            {
                var asked = Encoding.ASCII.GetString(await Read(request, ended) ?? []).Split(' ').Select(int.Parse).ToArray();
                for (var n = 0; n < asked[0]; n++)
                {
                    var message = new byte[asked[1]];
                    Array.Fill(message, (byte)n);
                    await Write(response, message, ended);
                    Interlocked.Increment(ref written);
                }
                break;
            }
            case "Chat":
                while (await Read(request, ended) is { } said) await Write(response, said, ended);
                break;
            default:
                response.Headers["grpc-status"] = "12";
                return;
        }
        response.AppendTrailer("grpc-status", "0");
        response.AppendTrailer("x-trailing", "seen last");
        response.AppendTrailer("sum-bin", "AAH+/w");
    }

    static async Task Hold(HttpRequest request, CancellationToken ended)
    {
        await Read(request, ended);
        Interlocked.Increment(ref held);
        try
        {
            await Task.Delay(Timeout.Infinite, ended);
        }
        finally
        {
            Interlocked.Increment(ref cancelled);
        }
    }

    static async Task<byte[]?> Read(HttpRequest request, CancellationToken ended)
    {
        var prefix = new byte[5];
        if (await request.Body.ReadAtLeastAsync(prefix, 5, throwOnEndOfStream: false, ended) < 5) return null;
        var message = new byte[BinaryPrimitives.ReadUInt32BigEndian(prefix.AsSpan(1))];
        await request.Body.ReadExactlyAsync(message, ended);
        return message;
    }

    static async Task Write(HttpResponse response, byte[] message, CancellationToken ended)
    {
        var framed = new byte[5 + message.Length];
        BinaryPrimitives.WriteUInt32BigEndian(framed.AsSpan(1), (uint)message.Length);
        message.CopyTo(framed, 5);
        await response.Body.WriteAsync(framed, ended);
        await response.Body.FlushAsync(ended);
    }

    /// `grpc-timeout`: digits and a unit.
    static TimeSpan? Deadline(HttpRequest request)
    {
        var text = request.Headers["grpc-timeout"].ToString();
        if (text.Length < 2) return null;
        var amount = long.Parse(text[..^1], CultureInfo.InvariantCulture);
        return text[^1] switch
        {
            'H' => TimeSpan.FromHours(amount),
            'M' => TimeSpan.FromMinutes(amount),
            'S' => TimeSpan.FromSeconds(amount),
            'm' => TimeSpan.FromMilliseconds(amount),
            'u' => TimeSpan.FromMicroseconds(amount),
            _ => TimeSpan.FromMilliseconds(amount / 1e6),
        };
    }

    static byte[] FromBase64(string text) => Convert.FromBase64String(text.PadRight((text.Length + 3) / 4 * 4, '='));

    static byte[] Json(Dictionary<string, object?> value) => JsonSerializer.SerializeToUtf8Bytes(value);
}

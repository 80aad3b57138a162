using System.Text;
using System.Text.Json.Nodes;

namespace LoraLab.Tests.Server.Abuse;

/// <summary>
/// Creates a request for a route that is valid, at a bound of the route's schema, or bad in some way; the same number creates the same
/// request.
/// </summary>
internal sealed class BadRequest(DescribedRoute route, int number, KnownThings known)
{
    private const int Large = 64 << 10;

    private static readonly string[] _contentTypes =
    [
        "text/plain",
        "application/xml",
        "application/json; charset=klingon",
        "multipart/form-data",
        "application/x-www-form-urlencoded",
        "application/problem+json",
        "x",
    ];
    private static readonly string[] _accepts =
    [
        "text/csv", "text/plain", "*/*", "application/xml", "text/csv;q=0", "a/b;q=2", "text/html, text/csv;q=0.1",
    ];

    private static readonly string[][] _conditions =
    [
        ["If-None-Match", "*"], ["If-None-Match", "\"x\""], ["If-Match", "\"x\""], ["Range", "bytes=0-9"], ["Range", "bytes=99999999-"],
        ["If-Modified-Since", "Fri, 01 Jan 2100 00:00:00 GMT"],
    ];

    private readonly Random _random = new(HashCode(route.Name, number));
    private string _shown = "";

    /// <summary>The request.</summary>
    /// <param name="method">The method; null: the route's.</param>
    public HttpRequestMessage Make(HttpMethod? method = null)
    {
        BadValues values = new(_random);
        HttpRequestMessage request = new(method ?? route.Method, Address(values));
        foreach (DescribedParameter header in route.Parameters.Where(parameter => parameter.In == "header" && _random.Next(2) == 0))
        {
            request.Headers.TryAddWithoutValidation(header.Name, Header(values.Text()));
        }

        if (_random.Next(4) == 0)
        {
            request.Headers.TryAddWithoutValidation("Accept", _accepts[_random.Next(_accepts.Length)]);
        }

        if (_random.Next(6) == 0)
        {
            request.Headers.TryAddWithoutValidation("Last-Event-ID", Header(values.Text()));
        }

        if (route.Method == HttpMethod.Get && _random.Next(6) == 0)
        {
            string[] condition = _conditions[_random.Next(_conditions.Length)];
            request.Headers.TryAddWithoutValidation(condition[0], condition[1]);
        }

        if (route.Body is not null || _random.Next(8) == 0)
        {
            request.Content = Content(values);
            // The server rejects an oversized body before reading it and closes the connection: without Expect: 100-continue the client
            // sees a broken pipe.
            request.Headers.ExpectContinue = request.Content.Headers.ContentLength > Large;
        }

        return request;
    }

    public override string ToString() => $"{route.Name}, case {number}: {_shown}";

    private string Address(BadValues values)
    {
        string path = route.Path;
        DescribedValues described = new(_random, route.Schemas);
        foreach (DescribedParameter parameter in route.Parameters.Where(parameter => parameter.In == "path"))
        {
            // Never on routes that would delete them.
            bool exists = route.Method != HttpMethod.Delete && _random.Next(3) > 0;
            IReadOnlyList<string> existing = known.For(route.Path, parameter.Name);
            string value = exists ? existing[_random.Next(existing.Count)] : PathText(values);
            path = path.Replace($"{{{parameter.Name}}}", Uri.EscapeDataString(value), StringComparison.Ordinal);
        }

        List<string> query = [];
        foreach (DescribedParameter parameter in route.Parameters.Where(parameter => parameter.In == "query"))
        {
            for (int times = _random.Next(6) switch { 0 => 0, 1 => 2, _ => 1 }; times > 0; times--)
            {
                string value = parameter.Name == "runs" && _random.Next(2) == 0
                    ? string.Join(',', known.Runs.Append(values.Text()).Take(_random.Next(1, 5)))
                    : _random.Next(3) switch
                    {
                        0 => values.Text(),
                        1 => Plain(described.Near(parameter.Schema)),
                        _ => Plain(described.Valid(parameter.Schema)),
                    };
                query.Add($"{parameter.Name}={Uri.EscapeDataString(value)}");
            }
        }

        if (_random.Next(10) == 0)
        {
            query.Add($"{Uri.EscapeDataString(values.Text())}={Uri.EscapeDataString(values.Text())}");
        }

        _shown = query.Count == 0 ? path : $"{path}?{string.Join('&', query)}";
        return _shown;
    }

    /// <summary>An empty value would be another route, and a zero byte is rejected by Kestrel's parser before there is a request.</summary>
    private static string PathText(BadValues values)
    {
        string text = values.Text().Replace("\0", "", StringComparison.Ordinal);
        return text.Trim('.', ' ').Length == 0 ? "x" : text;
    }

    private ByteArrayContent Content(BadValues values)
    {
        DescribedValues described = new(_random, route.Schemas);
        string good = route.Body is null ? "{}" : _random.Next(3) switch
        {
            0 => described.Valid(route.Body),
            1 => described.Near(route.Body),
            _ => values.Object(route, route.Body),
        };
        byte[] bytes = _random.Next(10) switch
        {
            0 => values.Bytes(),
            1 => Encoding.UTF8.GetBytes(good[.._random.Next(good.Length)]),
            2 => Encoding.UTF8.GetBytes(values.Json()),
            3 => Encoding.UTF8.GetBytes(values.Nested(_random.Next(30, 5000))),
            // A route that reads no body responds without it, and the rest of the body meets a broken pipe, with or without Expect:
            // 100-continue.
            4 when route.Body is not null && _random.Next(4) == 0 =>
                Encoding.UTF8.GetBytes($"{{\"notes\":\"{new string('x', _random.Next(100_000, 1_200_000))}\"}}"),
            5 => [0xef, 0xbb, 0xbf, .. Encoding.UTF8.GetBytes(good)],
            6 => Encoding.Unicode.GetBytes(good),
            _ => Encoding.UTF8.GetBytes(good),
        };
        ByteArrayContent content = new(bytes);
        string type = _random.Next(8) == 0 ? _contentTypes[_random.Next(_contentTypes.Length)] : "application/json";
        content.Headers.TryAddWithoutValidation("Content-Type", type);
        _shown += $" {type} {Encoding.UTF8.GetString(bytes, 0, Math.Min(bytes.Length, 300))}";
        return content;
    }

    /// <summary>A JSON value as the text of a parameter.</summary>
    private static string Plain(string json) => JsonNode.Parse(json) is { } value ? value.ToString() : "null";

    /// <summary>The characters that HttpClient can send in a header.</summary>
    private static string Header(string text) => new([.. text.Where(c => c is >= ' ' and < (char)127)]);

    private static int HashCode(string text, int number) => text.Aggregate(number + 17, (hash, c) => unchecked((hash * 31) + c));
}

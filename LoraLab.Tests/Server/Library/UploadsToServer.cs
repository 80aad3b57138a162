using System.Net;
using System.Text.Json.Nodes;
using LoraLab.Contracts;
using LoraLab.Contracts.Catalog;
using LoraLab.Tests.Support;
using Xunit;

namespace LoraLab.Tests.Server.Library;

/// <summary>Sends uploads to a server with the real trainer.</summary>
public abstract class UploadsToServer(RealServer fixture)
{
    private protected static IReadOnlyList<string> Animals { get; } =
        ["cat", "dog", "cow", "hen", "owl", "bee", "fox", "elk", "yak", "ape"];

    private protected HttpClient Http => fixture.Server.Http;

    private protected string Data => fixture.Server.DataDirectory;

    private protected static (string, string?, string) Mapping() => ("manifest", null, """{"columns": ["text"], "labelColumn": "label"}""");

    private protected static string Csv(int rows) => "review,label\n" + string.Concat(Enumerable.Range(0, rows).Select(i =>
        $"The {Animals[i % 10]} of day {i} was fine,{(i % 2 == 0 ? "good" : "bad")}\n"));

    private protected string[] Uploads() =>
        Directory.Exists(Path.Combine(Data, "uploads")) ? Directory.GetDirectories(Path.Combine(Data, "uploads")) : [];

    private protected async Task<HttpResponseMessage> SendAsync(
        string route, string name, params (string Name, string? File, string Text)[] parts)
    {
        using MultipartFormDataContent form = new() { { new StringContent(name), "name" } };
        foreach ((string part, string? file, string text) in parts)
        {
            StringContent content = new(text);
            if (file is null)
            {
                form.Add(content, part);
            }
            else
            {
                form.Add(content, part, file);
            }
        }

        return await Http.PostAsync(route, form, TestContext.Current.CancellationToken);
    }

    private protected async Task<UploadDocument> PatchAsync(string id, JsonObject patch)
    {
        using HttpResponseMessage response = await Http.PatchAsync(
            ApiRoutes.Upload(id), RunApi.Json(patch.ToJsonString()), TestContext.Current.CancellationToken);
        return await ReadAsync<UploadDocument>(response);
    }

    private protected Task<HttpResponseMessage> GetAsync(string route) => Http.GetAsync(route, TestContext.Current.CancellationToken);

    private protected async Task<DatasetEntry[]> DatasetsAsync() => await ReadAsync<DatasetEntry[]>(await GetAsync(ApiRoutes.Datasets));

    private protected static async Task<T> ReadAsync<T>(HttpResponseMessage response, HttpStatusCode expected = HttpStatusCode.OK)
    {
        string text = await response.Content.ReadAsStringAsync(TestContext.Current.CancellationToken);
        Assert.True(expected == response.StatusCode, $"{(int)response.StatusCode} {text}");
        return System.Text.Json.JsonSerializer.Deserialize<T>(text, ContractJson.Options)!;
    }
}

using System.Net;
using System.Net.Http.Json;
using System.Text;
using System.Text.Json.Nodes;
using LoraLab.Contracts;
using Xunit;

namespace LoraLab.Tests.Server.Library;

/// <summary>Uploads that are no table, too large, incomplete or badly named.</summary>
[Collection(nameof(SharedTrainer))]
public sealed class RefusedUploadTests(RealServer fixture) : UploadsToServer(fixture)
{
    [Theory]
    [InlineData("a.csv", "text,label\na\0b,good\n", "bad/train.csv, line 2 has a NUL")]
    [InlineData("a.csv", "text,text,label\na,b,good\nc,d,bad\n", "line 1 names 2 columns 'text'")]
    [InlineData("a.csv", "text,label\n", "has no rows after its header")]
    [InlineData("a.csv", "text\na\nb\n", "line 1 has one column")]
    [InlineData("a.csv", "text,label\n\"a,good\nb,bad\n", "line 2: a quotation mark is misplaced or not closed")]
    [InlineData("a.zip", "PK", "is an archive")]
    [InlineData("a.xlsx", "PK", "is a spreadsheet")]
    [InlineData("a.exe", "MZ", "extension '.exe'")]
    public async Task Upload_ThatIsNoTable_IsRefusedInOneSentence(string file, string text, string expected)
    {
        using HttpResponseMessage response = await SendAsync(ApiRoutes.Datasets, "bad", ("file", file, text));

        Assert.Equal(HttpStatusCode.BadRequest, response.StatusCode);
        JsonNode problem = (await response.Content.ReadFromJsonAsync<JsonNode>(TestContext.Current.CancellationToken))!;
        Assert.Contains(expected, (string?)problem["detail"], StringComparison.Ordinal);
        Assert.Empty(Uploads());
        Assert.DoesNotContain(await DatasetsAsync(), data => data.Name == "bad");
    }

    [Theory]
    [InlineData("utf-16", true, "UTF-16")]
    [InlineData("utf-16BE", true, "UTF-16")]
    [InlineData("utf-16", false, "UTF-16")]
    [InlineData("utf-16BE", false, "UTF-16")]
    [InlineData("utf-32", true, "UTF-32")]
    [InlineData("utf-32", false, "UTF-32")]
    public async Task Upload_InAnotherEncoding_NamesIt(string encoding, bool hasMark, string expected)
    {
        Encoding other = Encoding.GetEncoding(encoding);
        using MultipartFormDataContent form = new()
        {
            { new StringContent("bad"), "name" },
            { new ByteArrayContent([.. hasMark ? other.GetPreamble() : [], .. other.GetBytes(Csv(20))]), "file", "a.csv" },
        };

        using HttpResponseMessage response = await Http.PostAsync(ApiRoutes.Datasets, form, TestContext.Current.CancellationToken);

        JsonNode problem = (await response.Content.ReadFromJsonAsync<JsonNode>(TestContext.Current.CancellationToken))!;
        Assert.Equal(HttpStatusCode.BadRequest, response.StatusCode);
        Assert.Contains($"is encoded as {expected}; save it as UTF-8", (string?)problem["detail"], StringComparison.Ordinal);
        Assert.Empty(Uploads());
    }

    [Fact]
    public async Task Upload_WithABadRow_NamesItsLine()
    {
        using HttpResponseMessage response = await SendAsync(
            ApiRoutes.Datasets, "bad-rows", ("file", "a.csv", "text,label\na,good\nb,\nc,good\nd,bad\n"), Mapping());

        JsonNode problem = (await response.Content.ReadFromJsonAsync<JsonNode>(TestContext.Current.CancellationToken))!;
        Assert.Equal(HttpStatusCode.UnprocessableEntity, response.StatusCode);
        Assert.Contains("line 3: the row has no label", (string?)problem["detail"], StringComparison.Ordinal);
        Assert.Empty(Uploads());
    }

    [Theory]
    [InlineData("../escape")]
    [InlineData("a/b")]
    [InlineData(".hidden")]
    [InlineData("nul")]
    [InlineData("trailing.")]
    [InlineData("line\nbreak")]
    [InlineData("ünïcode")]
    [InlineData("sst2")]
    public async Task Upload_WithABadName_IsRefused(string name)
    {
        using HttpResponseMessage response = await SendAsync(ApiRoutes.Datasets, name, ("file", "a.csv", Csv(20)));

        Assert.Equal(HttpStatusCode.BadRequest, response.StatusCode);
        Assert.Empty(Uploads());
    }

    [Fact]
    public async Task Upload_OfATakenName_IsAConflict()
    {
        using HttpResponseMessage response = await SendAsync(ApiRoutes.Datasets, "Sample", ("file", "a.csv", Csv(20)));

        Assert.Equal(HttpStatusCode.Conflict, response.StatusCode);
    }

    [Fact]
    public async Task Upload_WithOtherParts_IsRefused()
    {
        foreach ((string Name, string? File, string Text)[] parts in ((string, string?, string)[][])
        [
            [("surprise", null, "x"), ("file", "a.csv", "a,b")],
            [("file", "a.csv", "a,b"), ("file", "b.csv", "a,b")],
            [("train", "a.csv", "a,b")],
            [("manifest", null, "{"), ("file", "a.csv", "a,b")],
            [("manifest", null, """{"preset": "sst2"}"""), ("file", "a.csv", Csv(20))],
            [("seed", null, "-1"), ("file", "a.csv", "a,b")],
            [],
        ])
        {
            using HttpResponseMessage response = await SendAsync(ApiRoutes.Datasets, "parts", parts);
            Assert.Equal(HttpStatusCode.BadRequest, response.StatusCode);
        }

        using HttpResponseMessage json = await Http.PostAsJsonAsync(
            ApiRoutes.Datasets, new { name = "x" }, TestContext.Current.CancellationToken);
        Assert.Equal(HttpStatusCode.UnsupportedMediaType, json.StatusCode);
        string detail = await json.Content.ReadAsStringAsync(TestContext.Current.CancellationToken);
        Assert.Contains("multipart/form-data", detail, StringComparison.Ordinal);
        Assert.Empty(Uploads());
    }

    [Fact]
    public async Task Upload_OfAGigabyte_IsRefusedBeforeItIsSent()
    {
        using MultipartFormDataContent form = new()
        {
            { new StringContent("big"), "name" }, { new EndlessContent(1L << 30), "file", "a.csv" },
        };
        using HttpRequestMessage request = new(HttpMethod.Post, ApiRoutes.Datasets) { Content = form };
        request.Headers.ExpectContinue = true;

        using HttpResponseMessage response = await Http.SendAsync(request, TestContext.Current.CancellationToken);

        Assert.Equal(HttpStatusCode.RequestEntityTooLarge, response.StatusCode);
        Assert.Contains(
            "512 MiB", await response.Content.ReadAsStringAsync(TestContext.Current.CancellationToken), StringComparison.Ordinal);
        Assert.Empty(Uploads());
    }

    [Fact]
    public async Task Upload_Aborted_LeavesNothing()
    {
        using CancellationTokenSource abort = new(TimeSpan.FromMilliseconds(500));
        using MultipartFormDataContent form = new()
        {
            { new StringContent("aborted"), "name" }, { new EndlessContent(100 << 20, slow: true), "file", "a.csv" },
        };

        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => Http.PostAsync(ApiRoutes.Uploads, form, abort.Token));

        for (int tries = 0; Uploads().Length > 0; tries++)
        {
            Assert.True(tries < 100, "The files of an aborted upload stay.");
            await Task.Delay(100, TestContext.Current.CancellationToken);
        }
    }

    /// <summary>A body of a size that is made while it is sent.</summary>
    private sealed class EndlessContent(long size, bool slow = false) : HttpContent
    {
        protected override async Task SerializeToStreamAsync(Stream stream, TransportContext? context)
        {
            byte[] piece = new byte[1 << 16];
            Array.Fill(piece, (byte)'x');
            for (long sent = 0; sent < size; sent += piece.Length)
            {
                await stream.WriteAsync(piece);
                await Task.Delay(slow ? 20 : 0);
            }
        }

        protected override bool TryComputeLength(out long length)
        {
            length = size;
            return true;
        }
    }
}

using System.Net;
using System.Xml.Linq;
using LoraLab.Contracts;
using LoraLab.Contracts.Runs;
using LoraLab.Server.Comparison.Figures;
using Xunit;

namespace LoraLab.Tests.Server.Comparison;

/// <summary>Pictures and pages of a comparison.</summary>
[Collection(nameof(SharedServer))]
public sealed class CompareExportTests(ScriptedServer fixture)
{
    private const string Hostile = "<script>alert(1)</script>\" onload='x' & _{b} שלום";
    private static readonly XNamespace _svg = "http://www.w3.org/2000/svg";

    private readonly ScriptedRuns _runs = new(fixture.Api);

    [Fact]
    public async Task Svg_OfNamesThatAreMarkup_IsWellFormedWithTitleAxesAndLegend()
    {
        string query = await QueryAsync();
        using HttpResponseMessage answer = await fixture.Server.Http.GetAsync(query + "svg");
        XElement picture = XElement.Parse(await answer.Content.ReadAsStringAsync());

        Assert.Equal("image/svg+xml", answer.Content.Headers.ContentType?.MediaType);
        Assert.Equal(
            ("attachment", "compare-lora-eval-accuracy.svg"),
            (answer.Content.Headers.ContentDisposition?.DispositionType, answer.Content.Headers.ContentDisposition?.FileName));
        Assert.Contains("default-src 'none'", Assert.Single(answer.Headers.GetValues("Content-Security-Policy")), StringComparison.Ordinal);
        List<string> texts = [.. picture.Descendants(_svg + "text").Select(text => text.Value)];
        Assert.Contains("Evaluation accuracy", texts);
        Assert.Contains("accuracy (%)", texts);
        Assert.Contains("optimizer step", texts);
        Assert.Contains(
            texts, text => text.StartsWith("<script>", StringComparison.Ordinal) && text.EndsWith("שלום", StringComparison.Ordinal));
        Assert.DoesNotContain(picture.DescendantsAndSelf(), element => element.Name.LocalName == "script");
        Assert.DoesNotContain(
            picture.DescendantsAndSelf().Attributes(), attribute => attribute.Name.LocalName.StartsWith("on", StringComparison.Ordinal));
    }

    [Fact]
    public async Task Svg_SeedsOfAMethod_DifferInTheirDashesAndMeanIsOneCurve()
    {
        string query = await QueryAsync();
        XElement seeds = await SvgAsync(query + "svg&metric=train/loss");
        XElement mean = await SvgAsync(query + "svg&metric=train/loss&mean=true&theme=dark");

        Assert.Contains("training loss", Texts(seeds));
        Assert.Contains(seeds.Descendants(), IsDashed);
        Assert.Contains(Texts(mean), text => text.EndsWith(", mean of 2", StringComparison.Ordinal));
        Assert.DoesNotContain(mean.Descendants(), IsDashed);
        Assert.Contains("rgb(22,27,36)", mean.ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Png_OfEitherTheme_HasTwiceTheSizeAndText()
    {
        string query = await QueryAsync();
        byte[] light = await fixture.Server.Http.GetByteArrayAsync(query + "png");
        byte[] dark = await fixture.Server.Http.GetByteArrayAsync(query + "png&theme=dark");
        byte[] again = await fixture.Server.Http.GetByteArrayAsync(query + "png");

        Assert.Equal([0x89, .. "PNG\r\n"u8, 0x1a, .. "\n"u8], light[..8]);
        Assert.Equal(1920u, System.Buffers.Binary.BinaryPrimitives.ReadUInt32BigEndian(light.AsSpan(16)));
        Assert.NotEqual(light, dark);
        Assert.Equal(light, again);
    }

    [Fact]
    public async Task Html_OfNamesThatAreMarkup_IsWellFormedWithoutScriptOrAddresses()
    {
        string query = await QueryAsync();
        string text = await fixture.Server.Http.GetStringAsync(query + "html");
        XElement page = XDocument.Parse(text).Root!;

        Assert.StartsWith("<!DOCTYPE html>", text, StringComparison.Ordinal);
        Assert.NotEqual("", Assert.Single(page.Descendants(), element => (string?)element.Attribute("data-testid") == "verdict").Value);
        Assert.Contains(page.Descendants("bdi"), name => name.Value.Contains("<script>alert(1)</script>", StringComparison.Ordinal));
        Assert.DoesNotContain(page.Descendants("script"), _ => true);
        Assert.Contains(
            page.Descendants("meta"),
            meta => ((string?)meta.Attribute("content"))?.StartsWith("default-src 'none'", StringComparison.Ordinal) == true);
        List<string> images = [.. page.Descendants("img").Select(image => (string)image.Attribute("src")!)];
        Assert.True(images.Count >= 2, $"{images.Count} figures");
        Assert.All(images, image => XElement.Parse(System.Text.Encoding.UTF8.GetString(Convert.FromBase64String(image.Split(',')[1]))));
        Assert.All(
            page.Descendants().Attributes().Where(attribute => attribute.Name.LocalName is "src" or "srcset" or "href"),
            attribute => Assert.StartsWith("data:image/svg+xml;base64,", attribute.Value, StringComparison.Ordinal));
    }

    [Fact]
    public async Task Svg_OfCosts_HasBothAxesWithUnitsAndEveryRunOnce()
    {
        List<string> texts = Texts(await SvgAsync(await QueryAsync() + "svg&figure=costs"));

        Assert.Contains("Accuracy versus time and memory", texts);
        Assert.Contains("training time (s)", texts);
        Assert.Contains("peak memory (MiB)", texts);
        Assert.Contains("accuracy (%)", texts);
        Assert.Single(texts, text => text.StartsWith("<script>", StringComparison.Ordinal));
    }

    [Theory]
    [InlineData("svg&metric=eval/nothing", HttpStatusCode.BadRequest, "There is no metric 'eval/nothing'")]
    [InlineData("png&metric=eval/rougeL", HttpStatusCode.Conflict, "None of the runs has points of the ROUGE-L yet")]
    [InlineData("svg&figure=pie", HttpStatusCode.BadRequest, "must be curves or costs")]
    [InlineData("svg&theme=blue", HttpStatusCode.BadRequest, "must be light or dark")]
    [InlineData("gif", HttpStatusCode.BadRequest, "use csv, json, tex, svg, png or html")]
    public async Task Export_OfWhatCannotBeDrawn_SaysWhy(string format, HttpStatusCode status, string reason)
    {
        using HttpResponseMessage answer = await fixture.Server.Http.GetAsync(await QueryAsync() + format);

        Assert.Equal(status, answer.StatusCode);
        Assert.Contains(reason, System.Text.Json.JsonDocument.Parse(await answer.Content.ReadAsStringAsync())
            .RootElement.GetProperty("detail").GetString(), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("plain text (1)", new[] { "plain text (1)" })]
    [InlineData("a & שלום עולם _ b", new[] { "a & ", "שלום עולם", " _ b" })]
    [InlineData("שלום", new[] { "שלום" })]
    [InlineData("مرحبا 12", new[] { "مرحبا", " 12" })]
    public void Runs_OfATextInTwoDirections_AreWordsOfOneEach(string text, string[] runs) => Assert.Equal(runs, PictureText.Runs(text));

    private static bool IsDashed(XElement line) =>
        ((string?)line.Attribute("style"))?.Contains("stroke-dasharray", StringComparison.Ordinal) == true;

    private static List<string> Texts(XElement picture) => [.. picture.Descendants(_svg + "text").Select(text => text.Value)];

    private async Task<XElement> SvgAsync(string query) => XElement.Parse(await fixture.Server.Http.GetStringAsync(query));

    private async Task<string> QueryAsync()
    {
        RunDocument first = await _runs.RunAsync("steps=4 evalEvery=2", seed: 1, change: spec => spec["name"] = Hostile);
        RunDocument second = await _runs.RunAsync("steps=4 evalEvery=2", seed: 2);
        return $"{ApiRoutes.CompareExport}?runs={first.Id},{second.Id}&format=";
    }
}

using System.Net.Sockets;
using LoraLab.Files;
using LoraLab.Server.Infrastructure;
using LoraLab.Server.Runs.Adapters;
using LoraLab.Server.Runs.Merging;
using LoraLab.Server.Security;
using LoraLab.Server.Storage;
using LoraLab.Server.Storage.Postgres;
using LoraLab.Server.Storage.Recovery;
using LoraLab.Server.System.Machine;
using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Hosting.StaticWebAssets;
using Microsoft.Extensions.Options;

namespace LoraLab.Server.Hosting;

/// <summary>Starts the server, and turns every startup error into one message and exit code 1.</summary>
internal static class ServerProgram
{
    public const string DefaultUrl = "http://127.0.0.1:5080";

    private const string DemoSwitch = "--demo";

    // A key of ASP.NET Core: whether MapStaticAssets reads built files anew for each request.
    private const string ReloadAssets = "ReloadStaticAssetsAtRuntime";

    public static async Task<int> RunAsync(string[] args, Action<WebApplicationBuilder> add, Action<WebApplication> use)
    {
        if (Help.IsRequested(args))
        {
            Help.Write(Console.Out);
            return 0;
        }

        if (args is [KeysCommand.Verb, .. string[] rest])
        {
            return KeysCommand.Run(rest, Console.Out, Console.Error);
        }

        try
        {
            if (TransferCommand.IsRequested(args))
            {
                await using WebApplication idle = Build(TransferCommand.Configuration(args), add, static _ => { });
                return TransferCommand.Run(args, idle.Services);
            }

            // The command-line provider would parse "--demo --urls" as a key with its value.
            bool demo = args.Contains(DemoSwitch);
            await using WebApplication app = Build([.. args.Where(arg => arg != DemoSwitch)], add, use);
            // Lock and database first: the server must not listen before it owns the data directory.
            app.Services.GetRequiredService<AllowedHostNames>();
            app.Services.GetService<SharedFolder>();
            app.Services.GetService<SeqNotifier>();
            if (app.Services.GetRequiredService<IRunStore>().HasRecords)
            {
                app.Services.GetRequiredService<RunReconciler>().Run();
            }

            app.Services.GetRequiredService<AliasFile>().Write();
            app.Services.GetRequiredService<MergeService>().RemoveUnfinished();
            app.Services.GetRequiredService<MachineReport>();
            await app.StartAsync();
            app.Services.GetRequiredService<MergeService>().Continue();
            await app.Services.GetRequiredService<StartupMessage>().WriteAsync(app.Urls, demo, app.Lifetime.ApplicationStopping);
            await app.WaitForShutdownAsync();
            return 0;
        }
        catch (StartFailure failure)
        {
            return Fail(failure.Message);
        }
        catch (OptionsValidationException invalid)
        {
            return Fail("The configuration has errors:"
                + string.Concat(invalid.Failures.Select(error => $"{Environment.NewLine}- {error}")));
        }
        catch (InvalidDataException unreadable)
        {
            return Fail($"The configuration cannot be read: {unreadable.Message} {unreadable.InnerException?.Message}");
        }
        catch (InvalidOperationException unbound)
            when (unbound.Message.StartsWith("Failed to convert configuration value", StringComparison.Ordinal))
        {
            return Fail($"The configuration has a value of the wrong type: {unbound.Message}");
        }
        catch (IOException taken) when (taken.InnerException is AddressInUseException)
        {
            return Fail($"{taken.Message.TrimEnd('.')}; stop the program that uses it, "
                + "or choose another address with --urls http://127.0.0.1:PORT.");
        }
        catch (SocketException socket)
        {
            return Fail($"Cannot listen on the address ({socket.Message}); choose another with --urls http://127.0.0.1:PORT.");
        }
    }

    private static WebApplication Build(string[] args, Action<WebApplicationBuilder> add, Action<WebApplication> use)
    {
        string published = Path.Combine(AppContext.BaseDirectory, "wwwroot");
        WebApplicationBuilder builder = WebApplication.CreateBuilder(new WebApplicationOptions
        {
            Args = args,
            ApplicationName = typeof(ServerProgram).Assembly.GetName().Name,
            ContentRootPath = LoraLabHome.Above(AppContext.BaseDirectory),
            WebRootPath = Directory.Exists(published) ? published : null,
        });

        if (!ChoosesAddress(builder.Configuration))
        {
            builder.WebHost.UseUrls(DefaultUrl);
        }

        if (!Directory.Exists(published))
        {
            // Built, not published: outside Development the host does not find the dashboard's files by itself.
            StaticWebAssetsLoader.UseStaticWebAssets(builder.Environment, builder.Configuration);
            if (!builder.Environment.IsDevelopment())
            {
                // Else built files are sent as while editing them: with a header that says compressed but no smaller, and never cached.
                builder.Configuration[ReloadAssets] ??= bool.FalseString;
            }
        }

        // Startup errors are printed as one message, not logged with a stack trace; critical failures still are.
        builder.Logging.AddFilter("Microsoft.Extensions.Hosting.Internal.Host", LogLevel.Critical);
        add(builder);
        WebApplication app = builder.Build();
        use(app);
        return app;
    }

    private static bool ChoosesAddress(IConfiguration configuration) =>
        new[] { WebHostDefaults.ServerUrlsKey, WebHostDefaults.HttpPortsKey, WebHostDefaults.HttpsPortsKey }
            .Any(key => !string.IsNullOrEmpty(configuration[key]))
        || configuration.GetSection("Kestrel:Endpoints").GetChildren().Any();

    private static int Fail(string message)
    {
        Console.Error.WriteLine(message);
        return 1;
    }
}

using Microsoft.EntityFrameworkCore;
using Roster.Bench.EfCore;

// A partner API as most .NET developers would write it: a DbContext, a DTO, one endpoint that loads, changes and saves.
var builder = WebApplication.CreateBuilder(args);
builder.Logging.SetMinimumLevel(LogLevel.Warning);
builder.Services.AddDbContextPool<PartnerContext>(options =>
{
    var database = builder.Configuration["database"];
    if (builder.Configuration["engine"] == "sqlite")
        options.UseSqlite(database);
    else
        options.UseNpgsql(database);
});

var app = builder.Build();
app.MapPut("/api/partners", PartnerEndpoint.UpsertAsync);
app.Run();
